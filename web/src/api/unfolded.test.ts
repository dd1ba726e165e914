import { expect, it } from "vitest";
import type { Answered, Question } from "./analytics";
import { unfolded } from "./unfolded";

type Row = Answered["rows"][number];

const QUESTION: Question = {
  metrics: ["error_rate"],
  dimensions: ["provider"],
  group_limit: 3,
  filters: [{ field: "model", operator: "eq", value: "acme/swift", include_unset: false }],
};

const row = (provider: string, rate: number) => ({ provider, error_rate: rate }) as Row;

/** Answers each question with the rows that come next, and keeps what was asked. */
function answering(...answers: Row[][]) {
  const questions: Question[] = [];
  const asking = async (question: Question): Promise<Answered> => {
    questions.push(question);
    return { question, rows: answers[questions.length - 1] ?? [], truncated: false, warnings: [] };
  };
  return { questions, asking };
}

it("takes calls that nobody answered out of the others", async () => {
  const folded = [row("A", 0), row("B", 0), row("C", 0), row("other", 0.6)];
  const { questions, asking } = answering(folded, [row("", 1)], [row("A", 0), row("other", 0)]);
  const found = await unfolded(QUESTION, asking);
  expect(found.rows).toEqual([row("", 1), row("A", 0), row("other", 0)]);
  expect(found.question).toBe(QUESTION);
  const unset = (operator: string) => ({ field: "provider", operator, value: "" });
  expect(questions.slice(1)).toMatchObject([
    { group_limit: 3, filters: [QUESTION.filters?.[0], unset("eq")] },
    { group_limit: 2, filters: [QUESTION.filters?.[0], unset("neq")] },
  ]);
});

it.each([
  ["nothing is folded", [row("A", 0), row("", 1)], QUESTION],
  ["they have a group already", [row("", 1), row("other", 0)], QUESTION],
  ["it is of something else", [row("other", 0)], { ...QUESTION, dimensions: ["api_key"] }],
])("asks once where %s", async (_, rows, question) => {
  const { questions, asking } = answering(rows);
  expect((await unfolded(question, asking)).rows).toEqual(rows);
  expect(questions).toHaveLength(1);
});
