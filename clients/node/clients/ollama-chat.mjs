// ollama, chat.

import { Ollama } from "ollama";
import { z } from "zod";
import { City, QUESTIONS, answered, same } from "../harness.mjs";

const TOOLS = QUESTIONS.tools.map((tool) => ({ type: "function", function: tool }));

/** The library does not export its own error; it is an `Error` of this name. */
const ResponseError = {
  name: "ResponseError",
  isInstance: (error) => error instanceof Error && error.name === "ResponseError",
};

const ERRORS = {
  "unknown model": [ResponseError, 404],
  "model not served": [ResponseError, 404],
  "wrong key": [ResponseError, 401],
  "rate limit": [ResponseError, 429],
  overload: [ResponseError, 503],
  // What a stream says is raised as a plain error.
  "error in a stream": [Error],
};

export function open(base, key) {
  const ollama = new Ollama({ host: base, headers: { Authorization: `Bearer ${key}` } });

  async function* ask(asked, streamed) {
    const answer = await ollama.chat({ ...asked, stream: streamed });
    if (streamed) yield* answer;
    else yield answer;
  }

  return {
    errors: ERRORS,

    async hear(question, streamed, heard) {
      const asked = { model: question.model, messages: messages(question) };
      if (question.tools) asked.tools = TOOLS;
      if (question.thinking) asked.think = true;
      let finish;
      for await (const answer of ask(asked, streamed)) finish = read(answer, heard) ?? finish;
      same("done_reason", finish, "stop");
      heard.turn = {
        role: "assistant",
        content: heard.text,
        thinking: heard.reasoning,
        tool_calls: heard.calls.map(({ name, arguments: args }) => ({
          function: { name, arguments: args },
        })),
      };
    },

    async parse(model, text, streamed) {
      const messages = [{ role: "user", content: text }];
      let said = "";
      for await (const answer of ask({ model, messages, format: z.toJSONSchema(City) }, streamed)) {
        said += answer.message.content;
      }
      return City.parse(JSON.parse(said));
    },
  };
}

function messages(question) {
  const user = { role: "user", content: question.text };
  if (question.image) user.images = [QUESTIONS.image];
  const results = answered(question).map(({ call, result }) => ({
    role: "tool",
    tool_name: call.name,
    content: result,
  }));
  return [user, ...(question.heard ? [question.heard.turn] : []), ...results];
}

/** Reads an answer, or a piece of one. */
function read(answer, heard) {
  heard.text += answer.message.content ?? "";
  heard.reasoning += answer.message.thinking ?? "";
  for (const { function: { name, arguments: args } } of answer.message.tool_calls ?? []) {
    // Calls have no ids here: the order tells them apart.
    heard.calls.push({ id: heard.calls.length, name, arguments: args });
  }
  if (answer.done) heard.tokens = [answer.prompt_eval_count ?? 0, answer.eval_count ?? 0];
  return answer.done_reason;
}
