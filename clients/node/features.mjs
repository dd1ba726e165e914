// The features of conversations that clients are proven with.

import { Heard, Lacking, QUESTIONS, Wrong, described, must, same } from "./harness.mjs";

const LONG = "one two three four five six seven eight";

export const FEATURES = new Map();

/** A feature, proven in these ways: whole, streamed. */
function feature(name, prove, ways = [false, true]) {
  FEATURES.set(name, async (client, plan, models) => {
    const asker = client(name === "wrong key" ? "sk-or-v1-wrong" : plan.key);
    if (asker.lacks?.[name]) throw new Lacking(asker.lacks[name]);
    const asked = { ...models, unserved: plan.unserved };
    for (const streamed of ways) {
      try {
        await prove(asker, asked, streamed);
      } catch (error) {
        throw new Wrong(`${streamed ? "streamed" : "whole"}: ${described(error)}`);
      }
    }
  });
}

/** What comes back. */
async function hear(client, question, streamed) {
  const heard = new Heard();
  await client.hear(question, streamed, heard);
  return heard;
}

feature("chat", async (client, models, streamed) => {
  const { text } = await hear(client, { model: models.echo, text: QUESTIONS.text }, streamed);
  same("text", text, QUESTIONS.text);
});

/** Each tool is called with its argument; the results make the answer. */
function calling(asked) {
  return async (client, models, streamed) => {
    const names = Object.keys(asked);
    const text = `Use ${names.join(" and ")} in Oslo or Rome`;
    const question = { model: models.tools, text, tools: true };
    const heard = await hear(client, question, streamed);
    same("calls", heard.calls.map((call) => call.name), names);
    for (const call of heard.calls) {
      const argument = call.arguments[asked[call.name].parameter];
      must(["Oslo", "Rome"].includes(argument), () => `arguments: ${JSON.stringify(call)}`);
    }
    const ids = new Set(heard.calls.map((call) => call.id));
    same("ids of their own", ids.size, names.length);
    const results = names.map((name) => asked[name].result);
    const said = await hear(client, { ...question, heard, results }, streamed);
    const expected = names.map((name) => `${name}: ${asked[name].result}`).join("; ");
    same("answer to the results", said.text, `Tool results: ${expected}`);
  };
}

feature("tool", calling({ get_weather: { parameter: "city", result: 'sunny, "20 °C"' } }));

feature("parallel tools", calling({
  get_weather: { parameter: "city", result: "sunny" },
  get_time: { parameter: "zone", result: "noon" },
}));

feature("structured output", async (client, models, streamed) => {
  const city = await client.parse(models.json, "Tell me about Oslo", streamed);
  same("parsed", city, { city: "Oslo", population: 1 });
});

feature("image", async (client, models, streamed) => {
  const question = { model: models.vision, text: "What is this?", image: true };
  same("text", (await hear(client, question, streamed)).text, QUESTIONS.seen);
});

feature("usage", async (client, models, streamed) => {
  const { tokens } = await hear(client, { model: models.echo, text: LONG }, streamed);
  must(tokens !== null && Math.min(...tokens) >= 8, () => `tokens: ${tokens}`);
});

feature("reasoning", async (client, models, streamed) => {
  const question = { model: models.think, text: "Why is it so?", thinking: true };
  const { reasoning, text } = await hear(client, question, streamed);
  must(reasoning.startsWith("The user asks about"), () => `reasoning: ${reasoning}`);
  must(text.startsWith("About "), () => `text: ${text}`);
});

/** The error that the client raises, which must be the one that its users catch. */
async function raised(name, client, model, streamed, heard = new Heard()) {
  const [kind, status] = client.errors[name];
  try {
    await client.hear({ model, text: LONG }, streamed, heard);
  } catch (error) {
    const is = kind.isInstance ? kind.isInstance(error) : error instanceof kind;
    must(is, () => `not ${kind.name}: ${described(error)}`);
    const got = error.status ?? error.statusCode ?? error.status_code;
    must(status === undefined || got === status, () => `status ${got}: ${described(error)}`);
    return error;
  }
  throw new Wrong(`no ${kind.name}, but ${JSON.stringify(heard)}`);
}

function refusing(name, model, isNamed) {
  feature(name, async (client, models, streamed) => {
    const { message } = await raised(name, client, models[model], streamed);
    must(!isNamed || message.includes(models[model]), () => `the model is not named: ${message}`);
  });
}

refusing("unknown model", "nonesuch", true);
refusing("model not served", "unserved", true);
refusing("wrong key", "echo", false);
refusing("rate limit", "limited", false);
refusing("overload", "overloaded", false);

function breaking(name, model) {
  feature(name, async (client, models) => {
    const heard = new Heard();
    const error = await raised("error in a stream", client, models[model], true, heard);
    const isPart = heard.text !== "" && heard.text !== LONG && LONG.startsWith(heard.text);
    must(isPart, () => `text before the error: ${heard.text}; ${described(error)}`);
  }, [true]);
}

breaking("error in a stream", "failing");
breaking("cut in a stream", "cut");
