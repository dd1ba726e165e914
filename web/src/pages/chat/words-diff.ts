/** A piece of two texts: in both, or in one of them only. */
export interface Piece {
  kind: "both" | "first" | "second";
  text: string;
}

/** So many comparisons are made at once; texts that need more are compared by lines. */
const CELLS_MAX = 4_000_000;

const words = (text: string): string[] => text.match(/\s+|[^\s]+/g) ?? [];
const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** What two texts have otherwise, word by word; line by line where they are long. */
export function diffOf(first: string, second: string): Piece[] {
  for (const split of [words, lines]) {
    const [a, b] = [split(first), split(second)];
    const begin = commonStart(a, b);
    const end = commonStart(a.slice(begin).reverse(), b.slice(begin).reverse());
    const [middleA, middleB] = [a.slice(begin, a.length - end), b.slice(begin, b.length - end)];
    if (middleA.length * middleB.length > CELLS_MAX) continue;
    return joined([
      ...a.slice(0, begin).map((text): Piece => ({ kind: "both", text })),
      ...between(middleA, middleB),
      ...a.slice(a.length - end).map((text): Piece => ({ kind: "both", text })),
    ]);
  }
  return joined([
    { kind: "first", text: first },
    { kind: "second", text: second },
  ]);
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  const differs = a.findIndex((item, index) => item !== b[index]);
  return differs < 0 ? a.length : differs;
}

/** By the longest common subsequence. */
function between(a: readonly string[], b: readonly string[]): Piece[] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const pieces: Piece[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [one, other] = [a[i], b[j]];
    if (one !== undefined && one === other) {
      pieces.push({ kind: "both", text: one });
      i += 1;
      j += 1;
    } else if (one !== undefined && (other === undefined || at(i + 1, j) >= at(i, j + 1))) {
      pieces.push({ kind: "first", text: one });
      i += 1;
    } else if (other !== undefined) {
      pieces.push({ kind: "second", text: other });
      j += 1;
    }
  }
  return pieces;
}

/** Pieces of a kind that follow one another as one: first what is gone, then what came. */
function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  let first = "";
  let second = "";
  const settle = () => {
    if (first !== "") result.push({ kind: "first", text: first });
    if (second !== "") result.push({ kind: "second", text: second });
    first = "";
    second = "";
  };
  for (const { kind, text } of pieces) {
    if (kind === "first") first += text;
    else if (kind === "second") second += text;
    else {
      settle();
      const last = result.at(-1);
      if (last?.kind === "both") last.text += text;
      else result.push({ kind, text });
    }
  }
  settle();
  return result;
}

/** The share of words, by their letters, that both have. */
export function sameShare(pieces: readonly Piece[]): number {
  const length = (kind: Piece["kind"]) =>
    pieces.reduce((sum, piece) => sum + (piece.kind === kind ? piece.text.trim().length : 0), 0);
  const both = 2 * length("both");
  const all = both + length("first") + length("second");
  return all === 0 ? 1 : both / all;
}
