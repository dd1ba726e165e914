import { describe, expect, it } from "vitest";
import { canVote, chance, isHidden, shuffled, tally } from "./blind";
import { newAnswer, newColumn, type Turn } from "./conversation";
import { diffOf, sameShare } from "./words-diff";

const turn = (more: Partial<Turn>): Turn => ({
  id: "t",
  prompt: "",
  attachments: [],
  answers: {},
  ...more,
});

describe("a blind comparison", () => {
  it("hides names until somebody has chosen, and of what was not asked blind never", () => {
    expect(isHidden({ turns: [] })).toBe(false);
    expect(isHidden({ turns: [turn({})] })).toBe(false);
    expect(isHidden({ turns: [turn({ blind: true })] })).toBe(true);
    expect(isHidden({ turns: [turn({ blind: true, vote: "tie" })] })).toBe(false);
    expect(isHidden({ turns: [turn({ blind: true, vote: "c" }), turn({ blind: true })] })).toBe(
      true,
    );
  });

  it("can be decided when two have answered and none is writing", () => {
    const done = { ...newAnswer("a", 0), status: "done" as const };
    const failed = { ...done, status: "failed" as const };
    expect(canVote([done, done])).toBe(true);
    expect(canVote([done, done, failed])).toBe(true);
    expect(canVote([done, failed])).toBe(false);
    expect(canVote([done, done, newAnswer("a", 0)])).toBe(false);
    expect(canVote([done, undefined])).toBe(false);
  });

  it("has its columns in any order, and each once", () => {
    const seen = new Set<string>();
    for (let round = 0; round < 500; round++) {
      const order = shuffled(["a", "b", "c"], chance);
      expect([...order].sort()).toEqual(["a", "b", "c"]);
      seen.add(order.join(""));
    }
    expect(seen.size).toBe(6);
    expect(shuffled(["a", "b", "c"], () => 0)).toEqual(["b", "c", "a"]);
  });

  it("counts for whom was chosen", () => {
    const [one, other] = [newColumn("acme/m"), newColumn("acme/n")];
    const turns = [
      turn({ vote: one.id, answers: { [one.id]: ["x"] } }),
      turn({ vote: other.id }),
      turn({ vote: other.id }),
      turn({ vote: "tie" }),
      turn({}),
    ];
    const model = (id: string | undefined) => (id === "x" ? "acme/before" : null);
    expect(tally(turns, [one, other], model)).toEqual([
      { model: "acme/n", votes: 2 },
      { model: "acme/before", votes: 1 },
    ]);
  });
});

describe("what two answers have otherwise", () => {
  const shown = (first: string, second: string) =>
    diffOf(first, second)
      .map(({ kind, text }) => ({ both: text, first: `[-${text}]`, second: `[+${text}]` })[kind])
      .join("");

  it.each([
    ["the same text", "the same text", "the same text"],
    ["", "", ""],
    ["", "new", "[+new]"],
    ["a red bridge", "a blue bridge", "a [-red][+blue] bridge"],
    ["one two three", "one three", "one [-two ]three"],
    ["tolls pay", "tolls pay for bridges", "tolls pay[+ for bridges]"],
    ["a b c", "x y z", "[-a][+x] [-b][+y] [-c][+z]"],
  ])("of %s and %s", (first, second, expected) => expect(shown(first, second)).toBe(expected));

  it("gives both texts back, whatever they are", () => {
    const pool = ["a", "b", " ", "\n", "c d", "x\n\ny"];
    for (let round = 0; round < 200; round++) {
      const text = () =>
        Array.from({ length: chance(20) }, () => pool[chance(pool.length)]).join("");
      const [first, second] = [text(), text()];
      const pieces = diffOf(first, second);
      const side = (kind: "first" | "second") =>
        pieces
          .flatMap((piece) => (piece.kind === "both" || piece.kind === kind ? [piece.text] : []))
          .join("");
      expect([side("first"), side("second")]).toEqual([first, second]);
    }
  });

  it("is found by lines in long texts, and soon", () => {
    const text = (word: string) =>
      Array.from({ length: 1_000 }, (_, line) => `Line ${line} says ${word} and more words\n`).join(
        "",
      );
    const began = performance.now();
    const pieces = diffOf(`${text("yes")}end`, `${text("no")}end`);
    expect(pieces.at(-1)).toEqual({ kind: "both", text: "end" });
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it("has a share that is the same", () => {
    expect(sameShare(diffOf("a b", "a b"))).toBe(1);
    expect(sameShare(diffOf("a", "b"))).toBe(0);
    expect(sameShare(diffOf("ab cd", "ab xy"))).toBe(0.5);
    expect(sameShare(diffOf("", ""))).toBe(1);
  });
});
