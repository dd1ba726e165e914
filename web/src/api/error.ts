/** Why a call to the gateway failed, as a page may show it. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** The HTTP status; 0 when the gateway could not be reached. */
    readonly status: number,
    /** What the contract calls `error_type`, such as `rate_limit_exceeded`; `unreachable` for status 0. */
    readonly type: string,
    message: string,
    /** What to name to whoever looks into it; null when the gateway did not say. */
    readonly requestId: string | null,
    /** Everything else the error's object had. */
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
  }

  /** Seconds to wait before another try, when the gateway said so. */
  get retryAfter(): number | null {
    const wait = this.details.retry_after;
    return typeof wait === "number" ? wait : null;
  }
}

/** Whether the same call may succeed when it is tried again. */
export function worthRetrying(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 502);
}

/** The error that an answer stands for, from its body where it has the contract's form. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const { message, error_type, ...rest } = errorObject(body);
  const wait = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    typeof error_type === "string" ? error_type : "unknown",
    typeof message === "string" ? message : `The gateway answered ${response.status}.`,
    response.headers.get("x-request-id") ?? response.headers.get("x-generation-id"),
    wait > 0 ? { ...rest, retry_after: wait } : rest,
  );
}

function errorObject(body: unknown): Record<string, unknown> {
  if (typeof body !== "object" || body === null || !("error" in body)) return {};
  const { error } = body;
  return typeof error === "object" && error !== null ? { ...error } : {};
}

/** The error of a call that brought no answer. An abort stays what it is. */
export function unreachable(cause: unknown): unknown {
  if (cause instanceof ApiError) return cause;
  if (cause instanceof DOMException && cause.name === "AbortError") return cause;
  return new ApiError(0, "unreachable", "The gateway can't be reached.", null);
}
