/**
 * How keys of providers begin. The longest beginning that fits is the provider's; where several give
 * out keys of the same form, a person has to say which.
 */
const BEGINNINGS: readonly (readonly [beginning: string, provider: string])[] = [
  ["sk-ant-", "anthropic"],
  ["sk-or-", "openrouter"],
  ["sk-proj-", "openai"],
  ["sk-svcacct-", "openai"],
  ["sk-kimi-", "kimi-for-coding"],
  ["AIza", "google-ai-studio"],
  ["AQ.", "google-vertex"],
  ["ABSK", "amazon-bedrock"],
  ["gsk_", "groq"],
  ["xai-", "xai"],
  ["csk-", "cerebras"],
  ["pplx-", "perplexity"],
  ["fw_", "fireworks"],
  ["nvapi-", "nvidia"],
  ["hf_", "huggingface"],
  ["tgp_v1_", "together"],
  ["github_pat_", "github-models"],
  ["ghp_", "github-models"],
  ["dapi", "databricks"],
  ["pa-", "voyage"],
  ["jina_", "jina"],
  ["vck_", "vercel"],
  ["flp_", "friendli"],
];

/** OpenAI's older keys have this in their middle. */
const OPENAI_MARK = "T3BlbkFJ";
const SERVICE_ACCOUNT = /"type"\s*:\s*"service_account"/;

/** The provider whose key this looks like; null where the form does not tell. */
export function recognised(key: string): string | null {
  const text = key.trim();
  if (SERVICE_ACCOUNT.test(text)) return "google-vertex";
  const fitting = BEGINNINGS.filter(([beginning]) => text.startsWith(beginning)).sort(
    ([one], [other]) => other.length - one.length,
  );
  const best = fitting[0];
  if (best) return best[1];
  return text.startsWith("sk-") && text.includes(OPENAI_MARK) ? "openai" : null;
}

/** Whether a text is a key rather than the name of a provider that somebody looks for. */
export function looksLikeKey(text: string): boolean {
  const trimmed = text.trim();
  if (recognised(trimmed) !== null) return trimmed.length >= 12;
  return trimmed.length >= 20 && !/\s/.test(trimmed);
}
