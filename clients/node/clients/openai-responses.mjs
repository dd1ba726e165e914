// openai, responses.

import { zodTextFormat } from "openai/helpers/zod";
import { City, IMAGE_URI, QUESTIONS, answered, same } from "../harness.mjs";
import { ERRORS, library } from "./openai-chat.mjs";

const TOOLS = QUESTIONS.tools.map((tool) => ({ type: "function", strict: true, ...tool }));

/** The library hands a failed response over as an event. */
class BrokeOff extends Error {}

export function open(base, key) {
  const { responses } = library(base, key);

  async function ask(asked, streamed, onText) {
    if (!streamed) return responses.parse(asked);
    const stream = responses.stream(asked);
    for await (const event of stream) {
      if (event.type === "response.output_text.delta") onText(event.delta);
      if (event.type === "response.failed") throw new BrokeOff(event.response.error.message);
    }
    return stream.finalResponse();
  }

  return {
    errors: { ...ERRORS, "error in a stream": [BrokeOff] },

    async hear(question, streamed, heard) {
      const asked = { model: question.model, input: items(question) };
      if (question.tools) asked.tools = TOOLS;
      if (question.thinking) asked.reasoning = { effort: "high", summary: "auto" };
      const response = await ask(asked, streamed, (text) => { heard.text += text; });
      same("status", response.status, "completed");
      if (streamed) same("text of the events", heard.text, response.output_text);
      heard.text = response.output_text;
      for (const item of response.output) {
        if (item.type === "reasoning") {
          const parts = [...item.summary, ...(item.content ?? [])];
          heard.reasoning += parts.map((part) => part.text).join("");
        }
        if (item.type === "function_call") {
          const { call_id: id, name } = item;
          heard.calls.push({ id, name, arguments: JSON.parse(item.arguments) });
        }
      }
      heard.tokens = [response.usage.input_tokens, response.usage.output_tokens];
      heard.turn = response.output;
    },

    async parse(model, text, streamed) {
      const asked = { model, input: text, text: { format: zodTextFormat(City, "city") } };
      return (await ask(asked, streamed, () => {})).output_parsed;
    },
  };
}

function items(question) {
  const text = { type: "input_text", text: question.text };
  const image = { type: "input_image", image_url: IMAGE_URI, detail: "auto" };
  const user = { role: "user", content: question.image ? [text, image] : question.text };
  const results = answered(question).map(({ call, result }) => ({
    type: "function_call_output",
    call_id: call.id,
    output: result,
  }));
  return [user, ...(question.heard?.turn ?? []), ...results];
}
