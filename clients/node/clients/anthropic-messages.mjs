// @anthropic-ai/sdk, messages.

import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { City, QUESTIONS, answered, same } from "../harness.mjs";

const TOKENS_MAX = 8_000;
const THINKING = { type: "enabled", budget_tokens: 2_048 };
const IMAGE = {
  type: "image",
  source: { type: "base64", media_type: "image/png", data: QUESTIONS.image },
};
const TOOLS = QUESTIONS.tools.map(({ name, description, parameters }) => ({
  name,
  description,
  input_schema: parameters,
}));

const ERRORS = {
  // OpenRouter's word for a name that it does not know is 400.
  "unknown model": [Anthropic.BadRequestError, 400],
  "model not served": [Anthropic.NotFoundError, 404],
  "wrong key": [Anthropic.AuthenticationError, 401],
  "rate limit": [Anthropic.RateLimitError, 429],
  overload: [Anthropic.InternalServerError],
  "error in a stream": [Anthropic.APIError],
};

export function open(base, key) {
  const { messages } = new Anthropic({ baseURL: `${base}/api`, apiKey: key, maxRetries: 0 });

  async function ask(question, streamed, onText) {
    const asked = { max_tokens: TOKENS_MAX, ...question };
    if (!streamed) return messages.parse(asked);
    const stream = messages.stream(asked);
    stream.on("text", onText);
    return stream.finalMessage();
  }

  return {
    errors: ERRORS,

    async hear(question, streamed, heard) {
      const asked = { model: question.model, messages: turns(question) };
      if (question.tools) asked.tools = TOOLS;
      if (question.thinking) asked.thinking = THINKING;
      let told = "";
      const message = await ask(asked, streamed, (text) => { told += text; heard.text = told; });
      heard.text = "";
      for (const block of message.content) {
        if (block.type === "text") heard.text += block.text;
        if (block.type === "thinking") heard.reasoning += block.thinking;
        if (block.type === "tool_use") {
          heard.calls.push({ id: block.id, name: block.name, arguments: block.input });
        }
      }
      if (streamed) same("text of the events", told, heard.text);
      same("stop_reason", message.stop_reason, heard.calls.length ? "tool_use" : "end_turn");
      heard.tokens = [message.usage.input_tokens, message.usage.output_tokens];
      heard.turn = message.content;
    },

    async parse(model, text, streamed) {
      const messages = [{ role: "user", content: text }];
      const format = zodOutputFormat(City);
      const asked = { model, messages, output_config: { format } };
      return (await ask(asked, streamed, () => {})).parsed_output;
    },

    async count(model, text) {
      const asked = { model, messages: [{ role: "user", content: text }] };
      return (await messages.countTokens(asked)).input_tokens;
    },
  };
}

function turns(question) {
  const text = { type: "text", text: question.text };
  const user = { role: "user", content: question.image ? [text, IMAGE] : question.text };
  if (!question.heard) return [user];
  const results = answered(question).map(({ call, result }) => ({
    type: "tool_result",
    tool_use_id: call.id,
    content: result,
  }));
  const said = { role: "assistant", content: question.heard.turn };
  return [user, said, { role: "user", content: results }];
}
