import { type Sample, shellQuoted } from "~/components/samples";
import type { ChatBody } from "./request";

/** What the makers' own client libraries take by name; the rest goes along as it is. */
const NAMED = new Set([
  "model",
  "messages",
  "temperature",
  "top_p",
  "max_tokens",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "stop",
  "response_format",
  "tools",
  "tool_choice",
  "verbosity",
  "stream",
]);

/** A request as a program makes it: curl, Python, TypeScript, and the body alone. */
export function requestSamples(baseUrl: string, body: ChatBody): Sample[] {
  return [
    { name: "curl", label: "curl", language: "bash", code: curl(baseUrl, body) },
    { name: "python", label: "Python", language: "python", code: python(baseUrl, body) },
    {
      name: "typescript",
      label: "TypeScript",
      language: "typescript",
      code: script(baseUrl, body),
    },
    { name: "json", label: "JSON", language: "json", code: JSON.stringify(body, null, 2) },
  ];
}

function parted(body: ChatBody) {
  const entries = Object.entries(body);
  return {
    named: entries.filter(([name]) => NAMED.has(name)),
    extra: entries.filter(([name]) => !NAMED.has(name)),
  };
}

function curl(baseUrl: string, body: ChatBody): string {
  return [
    `curl -N ${baseUrl}/chat/completions`,
    '-H "Authorization: Bearer $TOLLGATE_API_KEY"',
    '-H "Content-Type: application/json"',
    `-d ${shellQuoted(JSON.stringify(body, null, 2))}`,
  ].join(" \\\n  ");
}

function python(baseUrl: string, body: ChatBody): string {
  const { named, extra } = parted(body);
  const given = named.map(([name, value]) => `    ${name}=${pythonOf(value, 1)},`);
  if (extra.length > 0) given.push(`    extra_body=${pythonOf(Object.fromEntries(extra), 1)},`);
  return `import os
from openai import OpenAI

client = OpenAI(
    base_url=${JSON.stringify(baseUrl)},
    api_key=os.environ["TOLLGATE_API_KEY"],
)
stream = client.chat.completions.create(
${given.join("\n")}
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`;
}

/** A value as Python writes it. */
export function pythonOf(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = "    ".repeat(depth + 1);
  const outer = "    ".repeat(depth);
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((one) => `${inner}${pythonOf(one, depth + 1)},\n`).join("")}${outer}]`;
  }
  const members = Object.entries(value);
  if (members.length === 0) return "{}";
  const lines = members.map(
    ([name, member]) => `${inner}${JSON.stringify(name)}: ${pythonOf(member, depth + 1)},\n`,
  );
  return `{\n${lines.join("")}${outer}}`;
}

function script(baseUrl: string, body: ChatBody): string {
  const { named, extra } = parted(body);
  const given = named.map(([name, value]) => `  ${name}: ${indented(value)},`);
  if (extra.length > 0) {
    given.push("  // What the library has no name for goes along as it is.");
    given.push(`  ...(${indented(Object.fromEntries(extra))} as object),`);
  }
  return `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${JSON.stringify(baseUrl)},
  apiKey: process.env.TOLLGATE_API_KEY,
});
const stream = await client.chat.completions.create({
${given.join("\n")}
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "");
}`;
}

const indented = (value: unknown) => JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
