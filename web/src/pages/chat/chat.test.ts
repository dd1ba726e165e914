import { describe, expect, it } from "vitest";
import { type Chunk, errorIn, withChunk } from "./answer";
import {
  type Answer,
  type Conversation,
  NO_SETTINGS,
  newAnswer,
  newColumn,
  type Settings,
  type Turn,
  titleOf,
} from "./conversation";
import { costOf, requestTokens } from "./estimate";
import { asMarkdown } from "./export";
import { History, type TextStore } from "./history";
import { PARAMETERS, readParameter, readSchema, readTools } from "./parameters";
import { type ChatBody, chatRequest, readable, settingsErrors } from "./request";
import { pythonOf, requestSamples } from "./samples";
import { spentOf } from "./spent";
import { verdictOf } from "./verdict";
import { candidatesOf, type GenerationRecord, sentenceOf } from "./why";

const turn = (prompt: string, answers: Turn["answers"] = {}): Turn => ({
  id: prompt,
  prompt,
  attachments: [],
  answers,
});

const said = (text: string, more: Partial<Answer> = {}): Answer => ({
  ...newAnswer("a/one", 0),
  status: "done",
  text,
  ...more,
});

const able = { supported_parameters: ["temperature", "max_tokens", "tools", "structured_outputs"] };

function conversation(turns: Turn[], settings: Partial<Settings> = {}): Conversation {
  return {
    id: "c",
    columns: [newColumn("a/one")],
    turns,
    settings: { ...NO_SETTINGS, ...settings },
  };
}

describe("an answer", () => {
  const chunks: Chunk[] = [
    { id: "gen-1", provider: "First", choices: [{ delta: { content: "" } }] },
    { choices: [{ delta: { reasoning: "Hm." } }] },
    { choices: [{ delta: { content: "He" } }] },
    { choices: [{ delta: { content: "llo" } }] },
    {
      choices: [{ delta: { content: "" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 2, cost: 8.2e-6 },
      openrouter_metadata: {
        attempts: [
          { provider: "First", status: 503 },
          { provider: "Second", status: 200 },
        ],
      },
    },
  ];

  it("grows by chunks; its first token is the first that says something", () => {
    const answer = chunks.reduce(
      (before, chunk, index) => withChunk(before, chunk, index * 100),
      newAnswer("a/one", 0),
    );
    expect(answer).toMatchObject({
      text: "Hello",
      reasoning: "Hm.",
      firstMs: 100,
      lastMs: 300,
      provider: "First",
      generation: "gen-1",
      finish: "stop",
      usage: { promptTokens: 3, completionTokens: 2, cost: "0.0000082" },
      attempts: [
        { provider: "First", status: 503 },
        { provider: "Second", status: 200 },
      ],
    });
  });

  it("puts calls of tools together, in whatever order their pieces come", () => {
    const pieces: Chunk[] = [
      {
        choices: [
          {
            delta: {
              tool_calls: [{ index: 1, id: "b", function: { name: "two", arguments: "" } }],
            },
          },
        ],
      },
      {
        choices: [
          {
            delta: {
              tool_calls: [{ index: 0, id: "a", function: { name: "one", arguments: "{" } }],
            },
          },
        ],
      },
      { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '"x":1}' } }] } }] },
    ];
    const { toolCalls } = pieces.reduce(
      (before, chunk) => withChunk(before, chunk, 1),
      newAnswer("a/one", 0),
    );
    expect(toolCalls).toEqual([
      { id: "a", name: "one", arguments: '{"x":1}', result: null },
      { id: "b", name: "two", arguments: "", result: null },
    ]);
  });

  it("that breaks off says why", () => {
    expect(errorIn({ choices: [] })).toBeNull();
    const error = errorIn({
      id: "gen-1",
      error: { code: 502, message: "Gone", error_type: "provider_unavailable" },
    });
    expect(error).toMatchObject({
      status: 502,
      message: "Gone",
      type: "provider_unavailable",
      requestId: "gen-1",
    });
  });
});

describe("a request", () => {
  it("has what was said before, and only the settings that the model supports", () => {
    const first = said("One.");
    const now = turn("And two?");
    const talk = conversation([turn("One?", { x: [first.id] }), now], {
      system: "Be short.",
      parameters: { temperature: "0.5", top_k: "40", max_tokens: "nonsense" },
    });
    const [column] = talk.columns;
    if (!column) throw new Error("no column");
    expect(chatRequest(talk, new Map([[first.id, first]]), column, now, able)).toEqual({
      model: "a/one",
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content: "One?" },
        { role: "assistant", content: "One." },
        { role: "user", content: "And two?" },
      ],
      temperature: 0.5,
      stream: true,
    });
  });

  it("sends results of tools after their calls, and no call without a result", () => {
    const call = { id: "t1", name: "weather", arguments: "{}", result: "Sun" };
    const resolved = said("", { toolCalls: [call] });
    const open = said("Wait.", { toolCalls: [{ ...call, result: null }] });
    const talk = conversation([]);
    const column = { ...newColumn("a/one", "first"), id: "x" };
    const now = turn("Weather?", { x: [open.id, resolved.id] });
    const answers = new Map([open, resolved].map((one) => [one.id, one]));
    const { messages, provider } = chatRequest(
      { ...talk, turns: [now] },
      answers,
      column,
      now,
      able,
    );
    expect(provider).toEqual({ only: ["first"], allow_fallbacks: false });
    expect(messages).toEqual([
      { role: "user", content: "Weather?" },
      { role: "assistant", content: "Wait." },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "t1", type: "function", function: { name: "weather", arguments: "{}" } },
        ],
      },
      { role: "tool", tool_call_id: "t1", content: "Sun" },
    ]);
  });

  it("carries what is attached, and shows it cut short", () => {
    const data = `data:image/png;base64,${"A".repeat(900)}`;
    const sound = `data:audio/x-wav;base64,${"B".repeat(900)}`;
    const shared = { id: "1", size: 1 };
    const now: Turn = {
      ...turn("Look"),
      attachments: [
        { ...shared, kind: "image", name: "a.png", type: "image/png", data },
        {
          ...shared,
          kind: "file",
          name: "b.pdf",
          type: "application/pdf",
          data: "data:application/pdf;base64,QQ==",
        },
        { ...shared, kind: "audio", name: "c.wav", type: "audio/x-wav", data: sound },
        { ...shared, kind: "image", name: "gone.png", type: "image/png", data: null },
      ],
    };
    const body = chatRequest(conversation([now]), new Map(), newColumn("a/one"), now, able);
    expect(body.messages[0]?.content).toEqual([
      { type: "text", text: "Look" },
      { type: "image_url", image_url: { url: data } },
      { type: "file", file: { filename: "b.pdf", file_data: "data:application/pdf;base64,QQ==" } },
      { type: "input_audio", input_audio: { data: "B".repeat(900), format: "wav" } },
    ]);
    expect(JSON.stringify(readable(body)).length).toBeLessThan(600);
    expect(requestTokens(body)).toBe(1 + 3 * 800);
  });

  it("comes after every turn while it is still written", () => {
    const said = turn("First");
    const next = { ...turn("Then"), id: "draft" };
    const talk = conversation([said]);
    const asked = (one: Turn) =>
      chatRequest(talk, new Map(), newColumn("a/one"), one, able).messages.map(
        ({ content }) => content,
      );
    expect(asked(next)).toEqual(["First", "Then"]);
    expect(asked({ ...said })).toEqual(["First"]);
  });

  it("has schema and tools as they were typed, or says what is wrong with them", () => {
    const good: Settings = {
      ...NO_SETTINGS,
      format: "schema",
      schema: '{"type":"object"}',
      tools: '[{"name":"now"},{"type":"function","function":{"name":"then"}}]',
    };
    const now = turn("x");
    const body = chatRequest(conversation([now], good), new Map(), newColumn("a/one"), now, able);
    expect(body.response_format).toEqual({
      type: "json_schema",
      json_schema: { name: "answer", strict: true, schema: { type: "object" } },
    });
    expect(body.tools).toEqual([
      { type: "function", function: { name: "now" } },
      { type: "function", function: { name: "then" } },
    ]);
    expect(settingsErrors(good)).toEqual([]);
    expect(
      settingsErrors({ ...good, schema: "[]", tools: "[{}]", parameters: { temperature: "3" } }),
    ).toEqual([
      "Temperature: At most 2",
      'Tools: Definition 1 has no "name"',
      "Schema: A schema is an object",
    ]);
    expect(readSchema("").value).toBeNull();
    expect(readTools("nonsense").error).toMatch(/JSON/);
  });
});

it("reads parameters as numbers, whole numbers, lines and words", () => {
  const read = (name: string, typed: string) => {
    const parameter = PARAMETERS.find((one) => one.name === name);
    return parameter && readParameter(parameter, typed);
  };
  expect(read("temperature", " 0.7 ")).toEqual({ value: 0.7 });
  expect(read("temperature", "")).toEqual({});
  expect(read("seed", "1.5")).toEqual({ error: "Not a whole number" });
  expect(read("max_tokens", "0")).toEqual({ error: "At least 1" });
  expect(read("stop", "a\n\nb")).toEqual({ value: ["a", "b"] });
  expect(read("stop", "a\nb\nc\nd\ne")).toEqual({ error: "At most four texts" });
});

describe("samples", () => {
  const body: ChatBody = {
    model: "a/one",
    messages: [{ role: "user", content: "It's" }],
    top_k: 4,
    stream: true,
  };
  const code = (name: string) =>
    requestSamples("http://gw/api/v1", body).find((sample) => sample.name === name)?.code ?? "";

  it("quote for a shell", () => expect(code("curl")).toContain("It'\\''s"));

  it("put what a library has no name for where it may stand", () => {
    expect(code("python")).toContain('    extra_body={\n        "top_k": 4,\n    },');
    expect(code("python")).toContain("stream=True");
    expect(code("typescript")).toContain('...({\n    "top_k": 4\n  } as object),');
  });

  it("never have a secret", () => {
    for (const sample of requestSamples("http://gw", body))
      expect(sample.code).not.toContain("sk-or");
  });

  it("write Python", () => {
    expect(pythonOf({ a: [true, null], b: {}, c: [] })).toBe(
      '{\n    "a": [\n        True,\n        None,\n    ],\n    "b": {},\n    "c": [],\n}',
    );
  });
});

describe("money", () => {
  it("is estimated exactly, never in floats", () => {
    expect(costOf({ prompt: "0.0000001", completion: "0.0000004" }, 3, 7)).toBe("0.0000031");
    expect(costOf({ prompt: "-1", completion: "-1" }, 3, 7)).toBeNull();
    expect(costOf({}, 3, 7)).toBeNull();
  });

  it("that was spent is the limit without what is left", () => {
    const shared = { hash: "h", workspace: "w", reset: "daily" as const };
    expect(spentOf({ ...shared, limit: "5", left: "4.9999305" })).toBe("0.0000695");
    expect(spentOf({ ...shared, limit: "0.00001", left: "0" })).toBe("0.00001");
    expect(spentOf({ ...shared, limit: null, left: null })).toBeNull();
  });
});

describe("the verdict", () => {
  const ended = (totalMs: number, completionTokens: number, cost: string | null): Answer =>
    said("x", {
      totalMs,
      usage: { promptTokens: 1, completionTokens, reasoningTokens: 0, cachedTokens: 0, cost },
    });

  it("names the best, and nobody where two are the same", () => {
    expect(
      verdictOf([ended(900, 10, "0.02"), ended(400, 10, "0.3"), ended(500, 9, "0.001")]),
    ).toEqual({ fastest: 1, cheapest: 2, longest: null });
    expect(verdictOf([ended(400, 1, "0.1"), ended(400, 2, "0.10")])).toEqual({
      fastest: null,
      cheapest: null,
      longest: 1,
    });
  });

  it("waits until all have ended, and compares whole answers only", () => {
    const running = { ...said("x"), status: "running" as const };
    const failed = { ...said(""), status: "failed" as const };
    expect(verdictOf([ended(1, 1, "1"), ended(2, 2, "2"), running])).toBeNull();
    expect(verdictOf([ended(1, 1, "1"), failed])).toBeNull();
    expect(verdictOf([ended(1, 1, "1"), failed, ended(2, 2, "2")])?.longest).toBe(2);
  });
});

describe("what is kept", () => {
  function memory(room = Number.POSITIVE_INFINITY): TextStore & { texts: Map<string, string> } {
    const texts = new Map<string, string>();
    return {
      texts,
      getItem: (key) => texts.get(key) ?? null,
      removeItem: (key) => void texts.delete(key),
      setItem: (key, value) => {
        const others = [...texts].filter(([name]) => name !== key).map(([, text]) => text.length);
        if (others.reduce((sum, length) => sum + length, value.length) > room)
          throw new Error("full");
        texts.set(key, value);
      },
    };
  }
  const talk = (id: string, prompt: string) => ({ ...conversation([turn(prompt)]), id });

  it("comes back without bytes, and nothing runs any more", () => {
    const history = new History("p", memory(), "/");
    const running = { ...said("half"), status: "running" as const };
    const file = {
      id: "1",
      kind: "image",
      name: "a.png",
      type: "image/png",
      size: 9,
      data: "data:image/png;base64,QQ==",
    } as const;
    const kept = conversation([{ ...turn("Look", { x: [running.id] }), attachments: [file] }]);
    expect(history.save({ conversation: kept, answers: [running] }, new Date(0))).toBe(true);
    const found = history.load("c");
    expect(found?.conversation.turns[0]?.attachments[0]?.data).toBeNull();
    expect(found?.answers[0]).toMatchObject({ text: "half", status: "stopped" });
    expect(history.list()).toEqual([
      { id: "c", title: "Look", at: "1970-01-01T00:00:00.000Z", models: ["a/one"] },
    ]);
  });

  it("is another's for another person", () => {
    const store = memory();
    new History("p", store, "/").save({ conversation: talk("c", "x"), answers: [] }, new Date(0));
    expect(new History("q", store, "/").list()).toEqual([]);
    expect(new History("p", store, "/gw").list()).toEqual([]);
  });

  it("gives up the oldest where there is no room", () => {
    const history = new History("p", memory(1_400), "/");
    for (const id of ["one", "two", "three", "four", "five"]) {
      expect(history.save({ conversation: talk(id, id), answers: [] }, new Date(0))).toBe(true);
    }
    expect(history.list()[0]?.id).toBe("five");
    expect(history.list().length).toBeLessThan(5);
    expect(history.load("one")).toBeNull();
    const huge = talk("huge", "x".repeat(5_000));
    expect(history.save({ conversation: huge, answers: [] }, new Date(0))).toBe(false);
  });

  it("survives what others wrote there", () => {
    const store = memory();
    store.texts.set("tollgate.chats:/:p", "{nonsense");
    store.texts.set("tollgate.chats:/:p:c", "7");
    const history = new History("p", store, "/");
    expect(history.list()).toEqual([]);
    expect(history.load("c")).toBeNull();
  });
});

it("titles a conversation by how it began", () => {
  expect(titleOf(conversation([turn("  Say\n hello  ")]))).toBe("Say hello");
  expect(titleOf(conversation([turn("🚪".repeat(80))]))).toBe(`${"🚪".repeat(60)}…`);
  expect(titleOf(conversation([]))).toBe("New chat");
});

it("writes a conversation as Markdown", () => {
  const answer = said("Hi.");
  const talk = conversation([]);
  const [column] = talk.columns;
  const turns = [turn("Hello", { [column?.id ?? ""]: [answer.id] })];
  expect(asMarkdown({ ...talk, turns }, () => answer)).toBe(
    "## Prompt\n\nHello\n\n### A: a/one\n\nHi.\n",
  );
});

it("tells why a provider was chosen", () => {
  const candidate = {
    place: "drawn" as const,
    reason: null,
    price: 0.0002,
    chance: 0.9,
    first_token_ms: 65,
    tokens_per_second: 15,
  };
  const attempt = { model_permaslug: "m", started_at: "", latency: 5, is_byok: false };
  const record: GenerationRecord = {
    provider_name: "Second",
    provider_responses: [
      {
        ...attempt,
        endpoint_id: "first/m",
        provider_name: "First",
        status: 503,
        fault: "overloaded",
      },
      { ...attempt, endpoint_id: "second/m", provider_name: "Second", status: 200, fault: null },
    ],
    routing: {
      seed: "1",
      sort: "balanced",
      candidates: [
        { ...candidate, endpoint_id: "first/m", position: 1 },
        { ...candidate, endpoint_id: "second/m", position: 2, place: "price" },
        {
          ...candidate,
          endpoint_id: "third/m",
          position: null,
          place: "dropped",
          reason: "does not read image",
        },
      ],
    },
  };
  const candidates = candidatesOf(record);
  expect(candidates.map(({ id, verdict, words }) => [id, verdict, words])).toEqual([
    ["second/m", "served", "Served: the next cheapest"],
    ["first/m", "failed", "Tried, failed: 503 overloaded"],
    ["third/m", "left_out", "Left out: it does not read image"],
  ]);
  const failed = { ...record, provider_responses: record.provider_responses.slice(0, 1) };
  expect(sentenceOf(failed, candidatesOf(failed))).toBe(
    "No endpoint answered whole. Tried: First (503).",
  );
  expect(sentenceOf(record, candidates)).toBe(
    "Served by Second: the next cheapest of 2 left after 1 was ruled out. Tried before: First (503).",
  );
});
