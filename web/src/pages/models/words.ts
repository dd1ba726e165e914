/** Parameters by what people look for; others by their own names, with spaces. */
const WORDS: Record<string, string> = {
  tools: "Tools",
  tool_choice: "Tool choice",
  structured_outputs: "JSON schema",
  response_format: "JSON",
  reasoning: "Reasoning",
  include_reasoning: "Shown reasoning",
  parallel_tool_calls: "Parallel tools",
  logprobs: "Log probabilities",
  seed: "Seed",
  web_search_options: "Web search",
};

export const parameterWords = (name: string) => WORDS[name] ?? name.replaceAll("_", " ");

/** Those that a list is worth bounding by; everything takes a temperature. */
export const TELLING: readonly string[] = [
  "tools",
  "structured_outputs",
  "response_format",
  "reasoning",
  "parallel_tool_calls",
  "web_search_options",
  "logprobs",
  "seed",
];

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

interface Unit {
  label: string;
  unit: string;
  /** Whether it is shown per million. */
  tokens: boolean;
}

const TOKEN = (label: string): Unit => ({ label, unit: "per million tokens", tokens: true });

/** What prices are for. What is not here is shown by its own name, for one piece. */
const PRICES: Record<string, Unit> = {
  prompt: TOKEN("Input"),
  completion: TOKEN("Output"),
  input_cache_read: TOKEN("Cached input"),
  input_cache_write: TOKEN("Cache write"),
  input_cache_write_1h: TOKEN("Cache write, 1 hour"),
  internal_reasoning: TOKEN("Reasoning"),
  audio: TOKEN("Audio input"),
  audio_output: TOKEN("Audio output"),
  image_token: TOKEN("Image input"),
  image_output: TOKEN("Image output"),
  web_search: { label: "Web search", unit: "per search", tokens: false },
  request: { label: "Request", unit: "per request", tokens: false },
  image: { label: "Image input", unit: "per image", tokens: false },
  output_image: { label: "Image", unit: "per image", tokens: false },
  search_unit: { label: "Search", unit: "per search", tokens: false },
  audio_second: { label: "Audio", unit: "per second", tokens: false },
  character: { label: "Text", unit: "per character", tokens: false },
};

export const priceUnit = (name: string): Unit =>
  PRICES[name] ?? { label: capital(name.replaceAll("_", " ")), unit: "each", tokens: false };

/** The order in which prices are listed. */
export const PRICE_ORDER = Object.keys(PRICES);
