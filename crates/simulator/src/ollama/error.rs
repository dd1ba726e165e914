//! Errors as Ollama words them: one text under `error`.

use serde_json::json;

use crate::event::{Event, json as to_bytes, wrapped};
use crate::failure::{Cause, Failure, Reply};

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure) -> Reply {
    let message = match &failure.cause {
        Cause::Usual => usual(failure.status).to_owned(),
        Cause::Invalid { message, .. } => message.clone(),
        Cause::KeyMissing | Cause::KeyWrong { .. } => "unauthorized".to_owned(),
        Cause::ModelMissing { model } => format!("model '{model}' not found"),
        Cause::NoRoute { .. } => "404 page not found".to_owned(),
        Cause::TooLarge => "http: request body too large".to_owned(),
    };
    let retry_after = failure.retry_after_s.map(|seconds| ("retry-after", seconds.to_string()));
    let body = to_bytes(&json!({ "error": message })).into();
    Reply { status: failure.status, headers: retry_after.into_iter().collect(), body }
}

/// The error in the middle of a stream.
pub(super) fn error_event() -> Event {
    let message = "an error was encountered while running the model: unexpected EOF";
    Event::framing(wrapped(b"", &json!({ "error": message }), b"\n"))
}

const fn usual(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "this model requires a subscription, upgrade for access: https://ollama.com/upgrade",
        404 => "model not found, try pulling it first",
        429 => "you've reached your hourly usage limit, please upgrade to continue",
        503 => "server busy, please try again. maximum pending requests exceeded",
        500.. => "llama runner process has terminated: exit status 2",
        _ => "invalid request",
    }
}
