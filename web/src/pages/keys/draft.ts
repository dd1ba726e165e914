import type { KeyChange, KeyLimits, KeyRecord, NewKey } from "~/api/keys";
import type { FieldErrors } from "~/components/Field";
import { dateTime, type Zone } from "~/format";

/** Limits of calls and tokens, in the order of the form. */
export const RATES = [
  { name: "requests_per_minute", label: "Requests per minute" },
  { name: "requests_per_day", label: "Requests per day" },
  { name: "tokens_per_minute", label: "Tokens per minute" },
  { name: "tokens_per_day", label: "Tokens per day" },
  { name: "max_concurrent", label: "Requests at once" },
  { name: "input_tokens_per_minute", label: "Tokens read per minute" },
  { name: "input_tokens_per_day", label: "Tokens read per day" },
  { name: "output_tokens_per_minute", label: "Tokens written per minute" },
  { name: "output_tokens_per_day", label: "Tokens written per day" },
] as const;

/** Budgets beside the limit, in US dollars. */
export const BUDGETS = [
  { name: "daily_budget", label: "Budget per day" },
  { name: "weekly_budget", label: "Budget per week" },
  { name: "monthly_budget", label: "Budget per month" },
  { name: "lifetime_budget", label: "Budget in all" },
] as const;

/** Those that most keys need; the others are folded away. */
export const RATES_SHOWN = 5;

type RateName = (typeof RATES)[number]["name"];
type BudgetName = (typeof BUDGETS)[number]["name"];
export type LimitName = RateName | BudgetName;

const LIMIT_NAMES: readonly LimitName[] = [...RATES, ...BUDGETS].map(({ name }) => name);
const isBudget = (name: LimitName) => BUDGETS.some((budget) => budget.name === name);

export type Reset = "never" | "daily" | "weekly" | "monthly";

/** A key as the form has it: text, as it is typed. */
export interface Draft {
  name: string;
  /** An id. */
  workspace: string;
  limit: string;
  reset: Reset;
  byok: boolean;
  limits: Partial<Record<LimitName, string>>;
  models: string[];
  providers: string[];
  /** One on each line. */
  addresses: string;
  /** As the browser writes dates and times, by the clock that was chosen. */
  expires: string;
}

export function draftOf(key: KeyRecord | null, workspace: string, zone: Zone): Draft {
  const limits: Draft["limits"] = {};
  for (const name of LIMIT_NAMES) {
    const value = key?.rate_limits[name];
    if (value != null) limits[name] = String(value);
  }
  return {
    name: key?.name ?? "",
    workspace: key?.workspace_id ?? workspace,
    limit: key?.limit == null ? "" : plain(key.limit),
    reset: key?.limit_reset ?? "never",
    byok: key?.include_byok_in_limit ?? false,
    limits,
    models: key?.allowed_models ?? [],
    providers: key?.allowed_providers ?? [],
    addresses: (key?.allowed_addresses ?? []).join("\n"),
    expires: key?.expires_at ? dateTime(key.expires_at, zone).slice(0, 16).replace(" ", "T") : "",
  };
}

/** A number without an exponent: `1e-7` as `0.0000001`. */
const plain = (value: number) =>
  value !== 0 && value < 1e-6 ? value.toFixed(9).replace(/0+$/, "") : String(value);

const DOLLARS = /^\d+(\.\d{1,9})?$/;
const COUNT = /^\d+$/;

/** What can't be saved, by field. */
export function problemsOf(draft: Draft): FieldErrors {
  const problems: FieldErrors = {};
  if (draft.limit !== "" && !DOLLARS.test(draft.limit))
    problems.limit = "Dollars, such as 20 or 0.50";
  for (const name of LIMIT_NAMES) {
    const text = draft.limits[name] ?? "";
    if (text === "") continue;
    if (isBudget(name) && !DOLLARS.test(text)) problems[name] = "Dollars, such as 20 or 0.50";
    if (!isBudget(name) && !COUNT.test(text)) problems[name] = "A whole number";
  }
  return problems;
}

const lines = (text: string) =>
  text
    .split(/[\s,]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");

const listOrNull = (values: readonly string[]) => (values.length > 0 ? [...values] : null);

/** What the API takes for a limit: dollars stay text, so that they stay exact. */
const limitValue = (name: LimitName, text: string) => (isBudget(name) ? text : Number(text));

/** The draft as `POST /keys` takes it; what is not set is left out. */
export function newKeyOf(draft: Draft, zone: Zone): NewKey {
  const limits: KeyLimits = {};
  for (const name of LIMIT_NAMES) {
    const text = draft.limits[name];
    if (text) Object.assign(limits, { [name]: limitValue(name, text) });
  }
  return {
    name: draft.name.trim(),
    workspace_id: draft.workspace,
    ...(draft.limit === "" ? {} : limitMembers(draft)),
    ...(Object.keys(limits).length > 0 ? { rate_limits: limits } : {}),
    ...(draft.models.length > 0 ? { allowed_models: draft.models } : {}),
    ...(draft.providers.length > 0 ? { allowed_providers: draft.providers } : {}),
    ...(lines(draft.addresses).length > 0 ? { allowed_addresses: lines(draft.addresses) } : {}),
    ...(draft.expires === "" ? {} : { expires_at: instantOf(draft.expires, zone) }),
  };
}

const limitMembers = ({ limit, reset, byok }: Draft) => ({
  limit: limit === "" ? null : Number(limit),
  limit_reset: limit === "" || reset === "never" ? null : reset,
  include_byok_in_limit: byok,
});

function instantOf(text: string, zone: Zone): string {
  const at = new Date(`${text}${zone === "utc" ? "Z" : ""}`);
  return Number.isNaN(at.getTime()) ? text : at.toISOString();
}

/** What `PATCH /keys/{hash}` is told: only what was changed. */
export function changeOf(draft: Draft, before: Draft): KeyChange {
  const change: KeyChange = {};
  if (draft.name.trim() !== before.name) change.name = draft.name.trim();
  const [now, then] = [limitMembers(draft), limitMembers(before)];
  if (now.limit !== then.limit) change.limit = now.limit;
  if (now.limit_reset !== then.limit_reset) change.limit_reset = now.limit_reset;
  if (draft.byok !== before.byok) change.include_byok_in_limit = draft.byok;
  const limits: KeyLimits = {};
  for (const name of LIMIT_NAMES) {
    const [text, old] = [draft.limits[name] ?? "", before.limits[name] ?? ""];
    if (text !== old) {
      Object.assign(limits, { [name]: text === "" ? null : limitValue(name, text) });
    }
  }
  if (Object.keys(limits).length > 0) change.rate_limits = limits;
  const differs = (one: readonly string[], other: readonly string[]) =>
    one.join("\n") !== other.join("\n");
  if (differs(draft.models, before.models)) change.allowed_models = listOrNull(draft.models);
  if (differs(draft.providers, before.providers)) {
    change.allowed_providers = listOrNull(draft.providers);
  }
  const addresses = lines(draft.addresses);
  if (differs(addresses, lines(before.addresses))) change.allowed_addresses = listOrNull(addresses);
  return change;
}
