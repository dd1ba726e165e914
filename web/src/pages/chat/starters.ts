import type { Model } from "~/api/catalogue";
import { NO_SETTINGS, type Settings } from "./conversation";

/** Something to begin with, made of models that can be called here. */
export interface Starter {
  title: string;
  hint: string;
  models: string[];
  prompt: string;
  settings: Settings;
}

const builtIn = ({ id }: Model) => id.startsWith("tollgate/");
const price = ({ pricing }: Model) => Number(pricing.prompt) + Number(pricing.completion);
const priced = (model: Model) => price(model) >= 0;

/** Those of providers before those that are built in, then by price. */
function ranked(models: readonly Model[]): Model[] {
  const plain = (model: Model) => (model.id === "tollgate/prose" ? 0 : 1);
  return models
    .filter((model) => model.architecture.output_modalities.includes("text") && priced(model))
    .toSorted(
      (a, b) =>
        Number(builtIn(a)) - Number(builtIn(b)) || price(a) - price(b) || plain(a) - plain(b),
    );
}

/** The model that is chosen while nobody chose. */
export const suggestedModel = (models: readonly Model[]): Model | null => ranked(models)[0] ?? null;

const WEATHER = `[
  {
    "name": "get_weather",
    "description": "The weather of a city now",
    "parameters": {
      "type": "object",
      "properties": { "city": { "type": "string" } },
      "required": ["city"]
    }
  }
]`;

const PLACE = `{
  "type": "object",
  "properties": {
    "city": { "type": "string" },
    "country": { "type": "string" },
    "population": { "type": "integer" }
  },
  "required": ["city", "country", "population"],
  "additionalProperties": false
}`;

export function starters(models: readonly Model[]): Starter[] {
  const list = ranked(models);
  const able = (parameter: string) =>
    list.find((model) => model.supported_parameters.includes(parameter))?.id;
  const [cheap] = list;
  const dear = list.findLast((model) => builtIn(model) === (cheap ? builtIn(cheap) : false));
  const pictures = list.find((model) => model.architecture.input_modalities.includes("image"))?.id;
  const made: (Starter | null)[] = [
    cheap && dear && cheap.id !== dear.id
      ? {
          title: "Compare two models",
          hint: "Side by side: which is faster, which is cheaper.",
          models: [cheap.id, dear.id],
          prompt: "Explain how a toll bridge makes money, in three short paragraphs.",
          settings: NO_SETTINGS,
        }
      : null,
    starter(able("tools"), {
      title: "Call a tool",
      hint: "The model asks for a function; you give the result.",
      prompt: "What is the weather in Lisbon?",
      settings: { ...NO_SETTINGS, tools: WEATHER },
    }),
    starter(able("structured_outputs"), {
      title: "Answer by a schema",
      hint: "JSON that always has the same members.",
      prompt: "Describe Lisbon.",
      settings: { ...NO_SETTINGS, format: "schema", schema: PLACE },
    }),
    starter(pictures, {
      title: "Read a picture",
      hint: "Attach one, then send.",
      prompt: "What is in this picture?",
      settings: NO_SETTINGS,
    }),
  ];
  return made.filter((one) => one !== null);
}

const starter = (model: string | undefined, rest: Omit<Starter, "models">): Starter | null =>
  model === undefined ? null : { ...rest, models: [model] };
