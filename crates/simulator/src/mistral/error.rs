//! Errors as Mistral words them, which is in more than one form: its own, and those of the web
//! framework and of the proxy before it.

use serde_json::{Value, json};

use crate::event::{Event, json as to_bytes, set, sse};
use crate::failure::{Cause, Failure, Reply};
use crate::random::Random;

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure, ids: &mut Random) -> Reply {
    let mut status = failure.status;
    let body = match &failure.cause {
        Cause::Usual => usual(status),
        Cause::Invalid { message, .. } if status == 422 => {
            let detail: Value = serde_json::from_str(message).unwrap_or_default();
            error(json!({ "detail": detail }), "invalid_request_error", Value::Null)
        }
        Cause::Invalid { message, param, code } => {
            let kind = param.as_deref().filter(|_| code.is_some());
            error(json!(message), kind.unwrap_or("invalid_request_error"), json!(code))
        }
        Cause::KeyMissing | Cause::KeyWrong { .. } => json!({ "detail": "Unauthorized" }),
        Cause::ModelMissing { model } => {
            status = 400;
            error(json!(format!("Invalid model: {model}")), "invalid_model", json!("1500"))
        }
        Cause::NoRoute { .. } => {
            json!({ "message": "no Route matched with those values", "request_id": ids.uuid() })
        }
        Cause::TooLarge => json!({ "message": "Request size limit exceeded" }),
    };
    let mut headers = vec![("mistral-correlation-id", ids.uuid())];
    if let Some(seconds) = failure.retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
    }
    Reply { status, headers, body: to_bytes(&body).into() }
}

/// The error in the middle of a stream.
pub(super) fn error_event() -> Event {
    Event::framing(sse(&usual(500)))
}

fn error(message: Value, kind: &str, code: Value) -> Value {
    let mut error = json!({ "object": "error", "type": kind, "param": null });
    set(&mut error, "message", message);
    set(&mut error, "code", code);
    error
}

fn usual(status: u16) -> Value {
    let (message, kind, code) = match status {
        401 => return json!({ "detail": "Unauthorized" }),
        402 => ("Payment required", "payment_required", "1200"),
        403 => ("You do not have access to this resource", "forbidden", "1600"),
        404 => return json!({ "detail": "Not Found" }),
        429 => ("Rate limit exceeded", "rate_limited", "1300"),
        503 => ("Service unavailable.", "unreachable_backend", "1100"),
        500.. => ("Internal server error", "internal_server_error", "1000"),
        _ => ("Invalid request", "invalid_request_error", "1400"),
    };
    error(json!(message), kind, json!(code))
}
