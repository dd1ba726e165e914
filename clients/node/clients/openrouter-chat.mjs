// @openrouter/sdk, chat.

import { OpenRouter } from "@openrouter/sdk";
import * as errors from "@openrouter/sdk/models/errors";
import { z } from "zod";
import { City, Heard, IMAGE_URI, QUESTIONS, answered, same } from "../harness.mjs";
import { operations } from "./openrouter-operations.mjs";

const TOOLS = QUESTIONS.tools.map((tool) => ({ type: "function", function: tool }));
const FORMAT = {
  type: "json_schema",
  jsonSchema: { name: "city", strict: true, schema: z.toJSONSchema(City) },
};

/** The library hands the error of a stream over in its typed chunk. */
class BrokeOff extends Error {}

const ERRORS = {
  "unknown model": [errors.BadRequestResponseError, 400],
  "model not served": [errors.NotFoundResponseError, 404],
  "wrong key": [errors.UnauthorizedResponseError, 401],
  "rate limit": [errors.TooManyRequestsResponseError, 429],
  overload: [errors.ServiceUnavailableResponseError, 503],
  "error in a stream": [BrokeOff],
};

export function open(base, key) {
  const retryConfig = { strategy: "none" };
  const openrouter = new OpenRouter({ apiKey: key, serverURL: `${base}/api/v1`, retryConfig });
  const { chat } = openrouter;

  async function ask(asked, streamed, heard) {
    if (!streamed) {
      read(await chat.send({ chatRequest: asked }), heard);
      return;
    }
    const calls = [];
    let finish;
    for await (const chunk of await chat.send({ chatRequest: { ...asked, stream: true } })) {
      if (chunk.error) throw new BrokeOff(chunk.error.message);
      if (chunk.usage) heard.tokens = [chunk.usage.promptTokens, chunk.usage.completionTokens];
      for (const { delta, finishReason } of chunk.choices) {
        heard.text += delta.content ?? "";
        heard.reasoning += delta.reasoning ?? "";
        for (const call of delta.toolCalls ?? []) add(calls, call);
        finish = finishReason ?? finish;
      }
    }
    const message = { role: "assistant", content: heard.text, toolCalls: calls };
    took(heard, message, finish);
  }

  return {
    ...operations(openrouter),
    errors: ERRORS,

    async hear(question, streamed, heard) {
      const asked = { model: question.model, messages: messages(question) };
      if (question.tools) asked.tools = TOOLS;
      if (question.thinking) asked.reasoning = { effort: "high" };
      await ask(asked, streamed, heard);
    },

    async parse(model, text, streamed) {
      const heard = new Heard();
      const messages = [{ role: "user", content: text }];
      await ask({ model, messages, responseFormat: FORMAT }, streamed, heard);
      return City.parse(JSON.parse(heard.text));
    },
  };
}

function messages(question) {
  const text = { type: "text", text: question.text };
  const image = { type: "image_url", imageUrl: { url: IMAGE_URI } };
  const user = { role: "user", content: question.image ? [text, image] : question.text };
  const results = answered(question).map(({ call, result }) => ({
    role: "tool",
    toolCallId: call.id,
    content: result,
  }));
  return [user, ...(question.heard ? [question.heard.turn] : []), ...results];
}

/** Reads a whole answer. */
function read({ choices: [{ message, finishReason }], usage }, heard) {
  heard.text = message.content ?? "";
  heard.reasoning = message.reasoning ?? "";
  if (usage) heard.tokens = [usage.promptTokens, usage.completionTokens];
  took(heard, message, finishReason);
}

function took(heard, message, finish) {
  heard.calls = (message.toolCalls ?? []).map(({ id, function: { name, arguments: args } }) => ({
    id,
    name,
    arguments: JSON.parse(args),
  }));
  same("finishReason", finish, heard.calls.length ? "tool_calls" : "stop");
  heard.turn = message;
}

/** Adds a piece of a call to the pieces before it. */
function add(calls, { index, id, function: piece }) {
  calls[index] ??= { id: "", type: "function", function: { name: "", arguments: "" } };
  calls[index].id ||= id ?? "";
  calls[index].function.name += piece?.name ?? "";
  calls[index].function.arguments += piece?.arguments ?? "";
}
