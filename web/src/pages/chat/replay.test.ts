import { describe, expect, it } from "vitest";
import type { GenerationContent } from "~/api/generation";
import { replayOf } from "./replay";
import { chatRequest } from "./request";

const RECORD = { model: "acme/m", requested_model: "acme/m", api_type: "completions" };
const content = (messages: object[], more: Partial<GenerationContent> = {}) =>
  ({
    input: { messages },
    output: null,
    error: null,
    truncated: false,
    ...more,
  }) as GenerationContent;
const all = () => true;
const PICTURE = "data:image/png;base64,iVBORw0KGgo=";

/** What would be sent again. */
function sentAgain(messages: object[]) {
  const replay = replayOf(RECORD, content(messages), all);
  const { conversation, answers, prompt, attachments } = replay;
  const turn = { id: "next", prompt, attachments, answers: {} };
  const [column] = conversation.columns;
  if (!column) throw new Error("no column");
  const whole = { ...conversation, turns: [...conversation.turns, turn] };
  const known = new Map(answers.map((answer) => [answer.id, answer]));
  return chatRequest(whole, known, column, turn, undefined).messages;
}

describe("a logged call", () => {
  it.each([
    ["a question", [{ role: "user", content: "Hello" }]],
    [
      "a conversation with a system prompt",
      [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi." },
        { role: "user", content: "And now?" },
      ],
    ],
    [
      "calls of tools and their results",
      [
        { role: "user", content: "Weather?" },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: "c1", type: "function", function: { name: "weather", arguments: "{}" } },
          ],
        },
        { role: "tool", tool_call_id: "c1", content: "Rain" },
        { role: "assistant", content: "It rains." },
        { role: "user", content: "Still?" },
      ],
    ],
    [
      "a picture",
      [
        {
          role: "user",
          content: [
            { type: "text", text: "What is it?" },
            { type: "image_url", image_url: { url: PICTURE } },
          ],
        },
      ],
    ],
  ])("with %s is asked again as it was", (_, messages) => {
    expect(sentAgain(messages)).toEqual(messages);
  });

  it("does not fetch what is elsewhere, and says that it is left out", () => {
    const parts = [
      { type: "text", text: "What is it?" },
      { type: "image_url", image_url: { url: "https://example.com/a.png" } },
    ];
    const { attachments, prompt, notes } = replayOf(
      RECORD,
      content([{ role: "user", content: parts }]),
      all,
    );
    expect([attachments.length, prompt]).toEqual([0, "What is it?"]);
    expect(notes[0]).toBe("Of what was attached, 1 can't be taken along.");
  });

  it("of which nothing is kept has its model", () => {
    const { conversation, prompt, notes } = replayOf(RECORD, null, all);
    expect(conversation.columns.map(({ model }) => model)).toEqual(["acme/m"]);
    expect([prompt, conversation.turns.length]).toEqual(["", 0]);
    expect(notes).toEqual(["What was said in it is not kept: write the prompt yourself."]);
  });

  it("by a preset is asked of the model that answered", () => {
    const record = { ...RECORD, requested_model: "@preset/x" };
    const { conversation, notes } = replayOf(record, null, (model) => model === "acme/m");
    expect(conversation.columns[0]?.model).toBe("acme/m");
    expect(notes[0]).toBe("It asked for @preset/x, which was answered by acme/m.");
  });

  it("that ended with an answer has nothing left to send", () => {
    const { conversation, prompt } = replayOf(
      RECORD,
      content([
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi" },
      ]),
      all,
    );
    expect([conversation.turns.length, prompt]).toEqual([1, ""]);
  });
});
