import type { Search } from "~/url/state";

/** What an app asks for, as the query of `/auth` says it. */
export interface Asked {
  /** Where the browser goes back to; null where a person carries the code. */
  callback: URL | null;
  challenge?: string;
  method?: string;
  label: string;
  /** US dollars as text; empty for none. */
  limit: string;
  /** How often the limit begins anew; empty for never. */
  reset: string;
  expires?: string;
  /** Its id or slug. */
  workspace?: string;
}

/** Why nobody can be asked. */
export type Unusable = "callback" | "challenge";

/** Reads the query. What else may be wrong the gateway says to whoever approves. */
export function askedIn(search: Search): Asked | Unusable {
  const callback = search.callback_url ? callbackOf(search.callback_url) : null;
  if (search.callback_url && !callback) return "callback";
  if (!callback && !search.code_challenge) return "challenge";
  const given = (name: keyof Asked, value: string | undefined) => (value ? { [name]: value } : {});
  return {
    callback,
    label: search.key_label || callback?.host.slice(0, 100) || "An app",
    limit: search.limit ?? "",
    reset: search.usage_limit_type ?? "",
    ...given("challenge", search.code_challenge),
    ...given("method", search.code_challenge_method),
    ...given("expires", search.expires_at),
    ...given("workspace", search.workspace_id),
  };
}

/** An address that a code may be sent to: by https, or to this very machine. */
function callbackOf(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const local = url.hostname === "localhost" || url.hostname === "127.0.0.1";
  return url.protocol === "https:" || (url.protocol === "http:" && local) ? url : null;
}

/** The callback with one more member. Its own query stays as it was written. */
export function backTo(callback: URL, name: string, value: string): string {
  const url = new URL(callback);
  const own = url.search.slice(1);
  url.search = `${own}${own && "&"}${name}=${encodeURIComponent(value)}`;
  return url.href;
}

/** What is wrong with the limit that somebody has typed; they lower it, at most. */
export function problemOf(limit: string, asked: string): string | undefined {
  if (limit !== "" && !/^\d+(\.\d{1,9})?$/.test(limit)) return "Dollars, such as 20 or 0.50";
  if (asked !== "" && (limit === "" || Number(limit) > Number(asked)))
    return `At most ${asked}, as the app asks`;
  return undefined;
}
