// The AI SDK, with the providers that people use it with.

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { APICallError, Output, generateText, jsonSchema, stepCountIs, streamText } from "ai";
import { City, QUESTIONS, answered, same } from "../harness.mjs";
import { operations } from "./ai-sdk-operations.mjs";

const THINKING_TOKENS_MAX = 2_048;
const TOKENS_MAX = 8_000;
const TOOLS = Object.fromEntries(QUESTIONS.tools.map(({ name, description, parameters }) => [
  name,
  { description, inputSchema: jsonSchema(parameters) },
]));

/** How to make a model of each provider, how to have it reason, and what it has not. */
const PROVIDERS = {
  openrouter: {
    models: (baseURL, apiKey) => createOpenRouter({ baseURL, apiKey }).chat,
    thinking: { openrouter: { reasoning: { effort: "high" } } },
  },
  "openai-chat": {
    models: (baseURL, apiKey) => createOpenAI({ baseURL, apiKey }).chat,
    operations: (baseURL, apiKey) => operations(createOpenAI({ baseURL, apiKey })),
    lacks: { reasoning: "the provider does not read reasoning from chat completions" },
  },
  "openai-responses": {
    models: (baseURL, apiKey) => createOpenAI({ baseURL, apiKey }).responses,
    // Responses are not stored, so items must be sent again rather than referred to.
    always: { openai: { store: false } },
    lacks: { reasoning: "the provider reads summaries only, and others than OpenAI give none" },
  },
  anthropic: {
    models: (baseURL, apiKey) => createAnthropic({ baseURL, apiKey }),
    thinking: {
      anthropic: { thinking: { type: "enabled", budgetTokens: THINKING_TOKENS_MAX } },
    },
    // The provider asks with the schema itself where it knows that the model takes one.
    always: { anthropic: { structuredOutputMode: "outputFormat" } },
  },
};

/** What a stream says is handed over as it is. */
class BrokeOff extends Error {}

const ERRORS = {
  // OpenRouter's word for a name that it does not know is 400.
  "unknown model": [APICallError, 400],
  "model not served": [APICallError, 404],
  "wrong key": [APICallError, 401],
  "rate limit": [APICallError, 429],
  overload: [APICallError],
  "error in a stream": [BrokeOff],
};

export function open(base, key, variant) {
  const provider = PROVIDERS[variant];
  const model = provider.models(`${base}/api/v1`, key);

  async function ask(asked, streamed, onText) {
    const settings = {
      providerOptions: provider.always,
      ...asked,
      model: model(asked.model),
      maxRetries: 0,
    };
    if (!streamed) return generateText(settings);
    const stream = streamText({ ...settings, onError: () => {} });
    for await (const part of stream.fullStream) {
      if (part.type === "text-delta") onText(part.text);
      if (part.type === "error") throw errorOf(part.error);
    }
    return stream;
  }

  return {
    ...provider.operations?.(`${base}/api/v1`, key),
    errors: ERRORS,
    lacks: provider.lacks,

    async hear(question, streamed, heard) {
      const asked = {
        model: question.model,
        messages: messages(question),
        maxOutputTokens: TOKENS_MAX,
        stopWhen: stepCountIs(1),
      };
      if (question.tools) asked.tools = TOOLS;
      if (question.thinking) asked.providerOptions = provider.thinking;
      const result = await ask(asked, streamed, (text) => { heard.text += text; });
      const text = await result.text;
      if (streamed) same("text of the events", heard.text, text);
      heard.text = text;
      heard.reasoning = (await result.reasoningText) ?? "";
      heard.calls = (await result.toolCalls).map(({ toolCallId: id, toolName: name, input }) => ({
        id,
        name,
        arguments: input,
      }));
      const finish = await result.finishReason;
      // @ai-sdk/openai overlooks the error in a chunk that has choices, as OpenRouter's has. What
      // it lets its users see is the finish reason `error`, by another name.
      if (finish === "other") throw new BrokeOff("the answer ended for another reason");
      same("finishReason", finish, heard.calls.length ? "tool-calls" : "stop");
      const { inputTokens, outputTokens } = await result.usage;
      heard.tokens = [inputTokens, outputTokens];
      heard.turn = (await result.response).messages;
    },

    async parse(model, text, streamed) {
      const asked = { model, prompt: text, output: Output.object({ schema: City, name: "city" }) };
      return (await ask(asked, streamed, () => {})).output;
    },
  };
}

/** The SDK raises refused requests; what came in a stream it hands over as it is. */
function errorOf(error) {
  if (APICallError.isInstance(error) && error.statusCode >= 400) return error;
  return new BrokeOff(typeof error === "string" ? error : error?.message ?? JSON.stringify(error));
}

function messages(question) {
  const text = { type: "text", text: question.text };
  const image = { type: "image", image: QUESTIONS.image, mediaType: "image/png" };
  const user = { role: "user", content: question.image ? [text, image] : question.text };
  if (!question.heard) return [user];
  const content = answered(question).map(({ call, result }) => ({
    type: "tool-result",
    toolCallId: call.id,
    toolName: call.name,
    output: { type: "text", value: result },
  }));
  return [user, ...question.heard.turn, { role: "tool", content }];
}
