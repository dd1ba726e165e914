//! Errors as Cohere words them: a message, and an id. Source: <https://docs.cohere.com/reference/errors>.

use serde_json::json;

use crate::event::{Event, json as to_bytes, sse_named};
use crate::failure::{Cause, Failure, Reply};
use crate::random::Random;

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure, ids: &mut Random) -> Reply {
    let message = match &failure.cause {
        Cause::Usual => usual(failure.status).to_owned(),
        Cause::Invalid { message, .. } => message.clone(),
        Cause::KeyMissing => "no api key supplied".to_owned(),
        Cause::KeyWrong { .. } => "invalid api token".to_owned(),
        Cause::ModelMissing { model } => format!(
            "model '{model}' not found, make sure the correct model ID was used and that you have \
             access to the model."
        ),
        Cause::NoRoute { method, path } => format!("{method} {path} not found"),
        Cause::TooLarge => "request entity too large".to_owned(),
    };
    let retry_after = failure.retry_after_s.map(|seconds| ("retry-after", seconds.to_string()));
    let body = to_bytes(&json!({ "id": ids.uuid(), "message": message })).into();
    Reply { status: failure.status, headers: retry_after.into_iter().collect(), body }
}

/// The body is no JSON.
pub(crate) fn bad_json(error: &serde_json::Error) -> Failure {
    Failure::invalid(format!("invalid json syntax: {error}"))
}

/// The end of a stream that fails: there is no event for errors, the last event says it.
pub(super) fn error_event(id: &str) -> Event {
    let message = "internal server error, this has been reported to our developers. id unknown";
    let delta = json!({ "error": message, "finish_reason": "ERROR" });
    let end = json!({ "type": "message-end", "id": id, "delta": delta });
    Event::framing(sse_named("message-end", &end))
}

const fn usual(status: u16) -> &'static str {
    match status {
        401 => "invalid api token",
        402 => "Please add or update your payment method at https://dashboard.cohere.com/billing",
        403 => "your API key does not have access to this resource",
        404 => "resource not found",
        422 => "unprocessable entity",
        429 => {
            "You are using a Trial key, which is limited to 20 API calls / minute. You can \
             continue to use the Trial key for free or upgrade to a Production key with higher \
             rate limits at 'https://dashboard.cohere.com/api-keys'."
        }
        498 => "blocked output: please adjust your prompt and try again",
        499 => "request cancelled",
        503 => "service unavailable, please try again later",
        504 => "request timed out",
        500.. => "internal server error, this has been reported to our developers.",
        _ => "invalid request",
    }
}
