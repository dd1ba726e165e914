// openai, chat completions.

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { City, IMAGE_URI, QUESTIONS, answered, same } from "../harness.mjs";
import { operations } from "./openai-operations.mjs";

const TOOLS = QUESTIONS.tools.map((tool) => ({
  type: "function",
  function: { ...tool, strict: true },
}));

export const ERRORS = {
  // OpenRouter's word for a name that it does not know is 400.
  "unknown model": [OpenAI.BadRequestError, 400],
  "model not served": [OpenAI.NotFoundError, 404],
  "wrong key": [OpenAI.AuthenticationError, 401],
  "rate limit": [OpenAI.RateLimitError, 429],
  overload: [OpenAI.InternalServerError, 503],
  "error in a stream": [OpenAI.APIError],
};

/** The library's client. */
export function library(base, key) {
  return new OpenAI({ baseURL: `${base}/api/v1`, apiKey: key, maxRetries: 0 });
}

export function open(base, key) {
  const openai = library(base, key);
  const { completions } = openai.chat;

  async function ask(asked, streamed, onText, onReasoning) {
    if (!streamed) return completions.parse(asked);
    const stream = completions.stream({ ...asked, stream_options: { include_usage: true } });
    stream.on("content", onText);
    // The library puts known fields together; of others it keeps the last piece.
    stream.on("chunk", ({ choices: [choice] }) => onReasoning(choice?.delta.reasoning ?? ""));
    return stream.finalChatCompletion();
  }

  return {
    ...operations(openai),
    errors: ERRORS,

    async hear(question, streamed, heard) {
      const asked = { model: question.model, messages: messages(question) };
      if (question.tools) asked.tools = TOOLS;
      if (question.thinking) asked.reasoning_effort = "high";
      const onText = (text) => { heard.text += text; };
      const onReasoning = (text) => { heard.reasoning += text; };
      const completion = await ask(asked, streamed, onText, onReasoning);
      const [{ message, finish_reason: finish }] = completion.choices;
      if (streamed) same("text of the events", heard.text, message.content ?? "");
      heard.text = message.content ?? "";
      if (!streamed) heard.reasoning = message.reasoning ?? "";
      heard.calls = (message.tool_calls ?? []).map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: JSON.parse(call.function.arguments),
      }));
      same("finish_reason", finish, heard.calls.length ? "tool_calls" : "stop");
      const { usage } = completion;
      if (usage) heard.tokens = [usage.prompt_tokens, usage.completion_tokens];
      heard.turn = message;
    },

    async parse(model, text, streamed) {
      const messages = [{ role: "user", content: text }];
      const asked = { model, messages, response_format: zodResponseFormat(City, "city") };
      const completion = await ask(asked, streamed, () => {}, () => {});
      return completion.choices[0].message.parsed;
    },
  };
}

function messages(question) {
  const text = { type: "text", text: question.text };
  const image = { type: "image_url", image_url: { url: IMAGE_URI } };
  const user = { role: "user", content: question.image ? [text, image] : question.text };
  const results = answered(question).map(({ call, result }) => ({
    role: "tool",
    tool_call_id: call.id,
    content: result,
  }));
  return [user, ...(question.heard ? [question.heard.turn] : []), ...results];
}
