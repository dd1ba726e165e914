import { errorOf, unreachable } from "./error";
import { EventReader, type ServerEvent } from "./sse";

/**
 * The server-sent events of a call, as they arrive. Ends with the stream; throws `ApiError` where
 * the answer is an error, and the abort's own error when `init.signal` is aborted. Leaving the loop
 * early closes the connection. `onOpen` is called when the answer begins.
 */
export async function* streamEvents(
  input: RequestInfo | URL,
  init: RequestInit = {},
  onOpen?: () => void,
): AsyncGenerator<ServerEvent, void, undefined> {
  let response: Response;
  try {
    response = await fetch(input, { credentials: "same-origin", ...init });
  } catch (cause) {
    throw unreachable(cause);
  }
  if (!response.ok || !response.body) throw await errorOf(response);
  onOpen?.();
  yield* readEvents(response.body);
}

/** The events in a body of bytes. */
export async function* readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const events = new EventReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* events.read(decoder.decode(value, { stream: true }));
    }
  } catch (cause) {
    throw unreachable(cause);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** What ends a stream of chat completions. */
const DONE = "[DONE]";

/** The JSON objects of a stream of completions, up to `[DONE]`. */
export async function* streamJson<T>(
  input: RequestInfo | URL,
  init: RequestInit = {},
): AsyncGenerator<T, void, undefined> {
  for await (const event of streamEvents(input, init)) {
    if (event.data === DONE) return;
    yield JSON.parse(event.data) as T;
  }
}
