import { type ChatSample, chatSamples, type Sample } from "~/components/samples";

/** How apps are pointed at the gateway, beside what programs write. */
export function connectSamples(call: ChatSample): Sample[] {
  const root = call.baseUrl.replace(/\/v1$/, "");
  return [
    ...chatSamples(call),
    {
      name: "env",
      label: "Environment",
      language: "bash",
      code: `export OPENAI_BASE_URL=${call.baseUrl}\nexport OPENAI_API_KEY=${call.apiKey}`,
    },
    {
      name: "claude-code",
      label: "Claude Code",
      language: "bash",
      code: `export ANTHROPIC_BASE_URL=${root}\nexport ANTHROPIC_AUTH_TOKEN=${call.apiKey}\nexport ANTHROPIC_MODEL=${call.model}\nclaude`,
    },
    {
      name: "cursor",
      label: "Cursor",
      language: "bash",
      code: `# Settings > Models > API keys\nOverride OpenAI base URL   ${call.baseUrl}\nOpenAI API key             ${call.apiKey}\nAdd model                  ${call.model}`,
    },
  ];
}
