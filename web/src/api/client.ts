import createClient from "openapi-fetch";
import { gatewayBase } from "./base";
import { errorOf, unreachable } from "./error";
import type { paths } from "./schema";

/**
 * The typed client of every route in the OpenAPI document. Use it through `answer`:
 *
 *     const keys = await answer(client.GET("/api/v1/keys", { params: { query: { offset: 0 } } }));
 */
export const client = createClient<paths>({
  baseUrl: gatewayBase(),
  credentials: "same-origin",
  fetch: (request) => send(request),
});

type Listener = () => void;
const signedOutListeners = new Set<Listener>();

/** Calls back when an answer says that the session has ended. Returns how to stop that. */
export function onSignedOut(listener: Listener): () => void {
  signedOutListeners.add(listener);
  return () => signedOutListeners.delete(listener);
}

/** `fetch` that throws `ApiError` instead of answering with an error. */
async function send(request: Request): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request);
  } catch (cause) {
    throw unreachable(cause);
  }
  if (response.ok) return response;
  // Signing in may answer 401 itself; a key of one's own may be refused without ending the session.
  const bySession = !request.headers.has("authorization") && !request.url.endsWith("/session");
  if (response.status === 401 && bySession) for (const listener of signedOutListeners) listener();
  throw await errorOf(response);
}

/** The body of an answer. Failures have been thrown by then. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

export interface RequestOptions {
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: URLSearchParams | Record<string, string | number | boolean | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

/** A call of a route that the OpenAPI document does not have, such as a session's. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(
    new Request(address(path, options.query), {
      method: options.method ?? "GET",
      credentials: "same-origin",
      signal: options.signal ?? null,
      ...(options.body === undefined
        ? {}
        : {
            body: JSON.stringify(options.body),
            headers: { "content-type": "application/json" },
          }),
    }),
  );
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The whole address of a path below `/api/v1`, such as `/logs/export` for a download. */
export function address(path: string, query?: RequestOptions["query"]): string {
  const url = new URL(`${gatewayBase()}/api/v1${path}`);
  const entries = query instanceof URLSearchParams ? query : Object.entries(query ?? {});
  for (const [name, value] of entries) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  return url.href;
}
