export interface Sample {
  name: string;
  label: string;
  language: "bash" | "python" | "typescript" | "json";
  code: string;
}

export interface ChatSample {
  /** With `/api/v1` at its end. */
  baseUrl: string;
  /** The key itself, or how a shell names it. */
  apiKey: string;
  model: string;
  prompt?: string;
}

/** Text between single quotes for a shell. */
export const shellQuoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** A first call of a model, as programs make it. */
export function chatSamples({
  baseUrl,
  apiKey,
  model,
  prompt = "Say hello",
}: ChatSample): Sample[] {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: prompt }] }, null, 2);
  const message = JSON.stringify(prompt);
  const named = JSON.stringify(model);
  const variable = apiKey.startsWith("$") ? apiKey.slice(1) : null;
  return [
    {
      name: "curl",
      label: "curl",
      language: "bash",
      code: `curl ${baseUrl}/chat/completions \\
  -H "Authorization: Bearer ${apiKey}" \\
  -H "Content-Type: application/json" \\
  -d ${shellQuoted(body)}`,
    },
    {
      name: "python",
      label: "Python",
      language: "python",
      code: `${variable ? "import os\n" : ""}from openai import OpenAI

client = OpenAI(
    base_url=${JSON.stringify(baseUrl)},
    api_key=${variable ? `os.environ[${JSON.stringify(variable)}]` : JSON.stringify(apiKey)},
)
answer = client.chat.completions.create(
    model=${named},
    messages=[{"role": "user", "content": ${message}}],
)
print(answer.choices[0].message.content)`,
    },
    {
      name: "typescript",
      label: "TypeScript",
      language: "typescript",
      code: `import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${JSON.stringify(baseUrl)},
  apiKey: ${variable ? `process.env.${variable}` : JSON.stringify(apiKey)},
});
const answer = await client.chat.completions.create({
  model: ${named},
  messages: [{ role: "user", content: ${message} }],
});
console.log(answer.choices[0]?.message.content);`,
    },
  ];
}
