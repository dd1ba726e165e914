// @google/genai, `generateContent`.

import { ApiError, GoogleGenAI } from "@google/genai";
import { z } from "zod";
import { City, QUESTIONS, answered, same } from "../harness.mjs";

const THINKING = { includeThoughts: true, thinkingBudget: 2_048 };
const IMAGE = { inlineData: { mimeType: "image/png", data: QUESTIONS.image } };
const TOOLS = [{
  functionDeclarations: QUESTIONS.tools.map(({ name, description, parameters }) => ({
    name,
    description,
    parametersJsonSchema: parameters,
  })),
}];

const ERRORS = {
  "unknown model": [ApiError, 404],
  "model not served": [ApiError, 404],
  "wrong key": [ApiError, 401],
  "rate limit": [ApiError, 429],
  overload: [ApiError, 503],
  "error in a stream": [ApiError],
};

export function open(base, key) {
  const { models } = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: `${base}/api` } });

  async function* ask(asked, streamed) {
    if (streamed) yield* await models.generateContentStream(asked);
    else yield await models.generateContent(asked);
  }

  return {
    errors: ERRORS,

    async hear(question, streamed, heard) {
      const config = {};
      if (question.tools) config.tools = TOOLS;
      if (question.thinking) config.thinkingConfig = THINKING;
      const asked = { model: question.model, contents: contents(question), config };
      heard.turn = { role: "model", parts: [] };
      let finish;
      for await (const response of ask(asked, streamed)) finish = read(response, heard) ?? finish;
      same("finishReason", finish, "STOP");
    },

    async parse(model, text, streamed) {
      const responseJsonSchema = z.toJSONSchema(City);
      const config = { responseMimeType: "application/json", responseJsonSchema };
      let said = "";
      for await (const response of ask({ model, contents: text, config }, streamed)) {
        said += response.text ?? "";
      }
      return City.parse(JSON.parse(said));
    },
  };
}

function contents(question) {
  const parts = [{ text: question.text }, ...(question.image ? [IMAGE] : [])];
  const user = { role: "user", parts };
  if (!question.heard) return [user];
  const results = answered(question).map(({ call, result }) => ({
    functionResponse: { id: call.given, name: call.name, response: { result } },
  }));
  return [user, question.heard.turn, { role: "user", parts: results }];
}

/** Reads an answer, or a piece of one. */
function read(response, heard) {
  const usage = response.usageMetadata;
  if (usage) {
    const output = (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0);
    heard.tokens = [usage.promptTokenCount, output];
  }
  const candidate = response.candidates?.[0];
  const parts = candidate?.content?.parts ?? [];
  heard.turn.parts.push(...parts);
  for (const { functionCall, thought, text = "" } of parts) {
    if (functionCall) {
      const { id: given, name, args } = functionCall;
      // Calls may have no ids: then the order tells them apart.
      heard.calls.push({ id: given ?? heard.calls.length, given, name, arguments: args });
    } else if (thought) heard.reasoning += text;
    else heard.text += text;
  }
  return candidate?.finishReason;
}
