import { describe, expect, it } from "vitest";
import { parseViews, sameView, VIEWS_MAX, viewOf, withoutView, withView } from "./saved-views";

describe("saved views", () => {
  it("leave out what is open or chosen for a moment", () => {
    expect(viewOf({ model: "a/b", open: "gen-1", pick: "gen-1,gen-2" })).toEqual({ model: "a/b" });
  });

  it("are the same in whatever order the address says it", () => {
    expect(sameView({ model: "a", range: "7d" }, { range: "7d", open: "x", model: "a" })).toBe(
      true,
    );
    expect(sameView({ model: "a" }, { model: "!a" })).toBe(false);
    expect(sameView({}, { model: "a" })).toBe(false);
  });

  it("have one name each, the youngest first, and no empty one", () => {
    const views = withView(withView(withView([], "a", { q: "1" }), "b", {}), " a ", { q: "2" });
    expect(views).toEqual([
      { name: "a", search: { q: "2" } },
      { name: "b", search: {} },
    ]);
    expect(withView(views, "  ", {})).toEqual(views);
    expect(withoutView(views, "a")).toEqual([{ name: "b", search: {} }]);
  });

  it("are so many at most", () => {
    let views = withView([], "0", {});
    for (let count = 1; count <= VIEWS_MAX; count++) views = withView(views, String(count), {});
    expect([views.length, views.at(-1)?.name]).toEqual([VIEWS_MAX, "1"]);
  });

  it.each([
    [null, 0],
    ["", 0],
    ["{", 0],
    ['{"name":"a"}', 0],
    ['[{"name":"a"},{"name":"b","search":{"q":1}},null,{"name":"c","search":{"q":"1"}}]', 1],
  ])("are read from %s", (text, count) => expect(parseViews(text)).toHaveLength(count));
});
