//! Errors as Anthropic words them. Source: <https://docs.anthropic.com/en/api/errors>.

use serde::Serialize;

use crate::event::{Event, json, sse_named};
use crate::failure::{Cause, Failure, Reply};
use crate::random::Random;

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: &'static str,
    error: Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Body {
    r#type: &'static str,
    message: String,
}

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure, ids: &mut Random) -> Reply {
    let request_id = ids.id("req_01", 22);
    let error = Body { r#type: kind(failure.status), message: message(failure) };
    let body = json(&Envelope { r#type: "error", error, request_id: Some(&request_id) });
    let mut headers = vec![("request-id", request_id)];
    if let Some(seconds) = failure.retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
    }
    if failure.status == 429 {
        headers.extend([
            ("anthropic-ratelimit-requests-limit", "60".to_owned()),
            ("anthropic-ratelimit-requests-remaining", "0".to_owned()),
        ]);
    }
    headers.push(("x-should-retry", is_passing(failure.status).to_string()));
    Reply { status: failure.status, headers, body: body.into() }
}

/// The error in the middle of a stream.
pub(crate) fn error_event() -> Event {
    let error = Body { r#type: "overloaded_error", message: "Overloaded".to_owned() };
    Event::framing(sse_named("error", &Envelope { r#type: "error", error, request_id: None }))
}

const fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 409 | 429 | 500..)
}

const fn kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

fn message(failure: &Failure) -> String {
    match &failure.cause {
        Cause::Usual => usual(failure.status).to_owned(),
        Cause::Invalid { message, .. } => message.clone(),
        Cause::KeyMissing => "x-api-key header is required".to_owned(),
        Cause::KeyWrong { .. } => "invalid x-api-key".to_owned(),
        Cause::ModelMissing { model } => format!("model: {model}"),
        Cause::NoRoute { .. } => "Not Found".to_owned(),
        Cause::TooLarge => "Request exceeds the maximum size".to_owned(),
    }
}

const fn usual(status: u16) -> &'static str {
    match status {
        401 => "invalid x-api-key",
        402 => "Your credit balance is too low to access the Anthropic API.",
        403 => "Your API key does not have permission to use the specified resource.",
        404 => "The requested resource could not be found.",
        413 => "Request exceeds the maximum size",
        429 => {
            "This request would exceed your organization's rate limit of 60 requests per minute."
        }
        503 => "Service Unavailable",
        504 => "The request timed out while processing.",
        529 => "Overloaded",
        500.. => "Internal server error",
        _ => "The request could not be processed.",
    }
}
