import { expect, it } from "vitest";
import { type Column, fitting, parseSort, sortText, tracks } from "./columns";

const column = (id: string, width: number, rank: number, grow = 0): Column<never> => ({
  id,
  header: id,
  cell: () => null,
  width,
  rank,
  grow,
});
const columns = [
  column("time", 100, 0),
  column("model", 200, 0, 1),
  column("app", 100, 3),
  column("cost", 80, 1),
];

it("lets columns go by rank until the rest fits", () => {
  const ids = (room: number) => fitting(columns, room).map(({ id }) => id);
  expect(ids(2000)).toEqual(["time", "model", "app", "cost"]);
  expect(ids(500)).toEqual(["time", "model", "cost"]);
  expect(ids(10)).toEqual(["time", "model"]);
});

it("writes tracks and sorts", () => {
  expect(tracks(columns)).toBe("100px minmax(200px, 1fr) 100px 80px");
  for (const text of ["", "cost", "-cost"]) expect(sortText(parseSort(text))).toBe(text);
});
