//! Errors as OpenAI words them.

use serde::Serialize;

use crate::event::{Event, json, sse};
use crate::failure::{Cause, Failure, Reply};
use crate::random::Random;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: String,
    r#type: &'a str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure, ids: &mut Random) -> Reply {
    let mut headers = vec![("x-request-id", ids.id("req_", 32))];
    if let Some(seconds) = failure.retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
        headers.push(("retry-after-ms", (u64::from(seconds) * 1_000).to_string()));
    }
    if failure.status == 429 {
        let reset = format!("{}s", failure.retry_after_s.unwrap_or(1));
        headers.extend([
            ("x-ratelimit-limit-requests", "60".to_owned()),
            ("x-ratelimit-remaining-requests", "0".to_owned()),
            ("x-ratelimit-reset-requests", reset),
        ]);
    }
    let body = json(&Envelope { error: body(failure) });
    Reply { status: failure.status, headers, body: body.into() }
}

/// The error in the middle of a stream.
pub(crate) fn error_event() -> Event {
    Event::framing(sse(&Envelope { error: body(&Failure::usual(500, None)) }))
}

fn body(failure: &Failure) -> Body<'_> {
    let invalid =
        |message, param, code| Body { message, r#type: "invalid_request_error", param, code };
    match &failure.cause {
        Cause::Usual => usual(failure.status),
        Cause::Invalid { message, param, code } => {
            invalid(message.clone(), param.as_deref(), *code)
        }
        Cause::KeyMissing => invalid(
            "You didn't provide an API key. You need to provide your API key in an Authorization \
             header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
                .to_owned(),
            None,
            None,
        ),
        Cause::KeyWrong { shown } => invalid(
            format!(
                "Incorrect API key provided: ****{shown}. You can find your API key at \
                 https://platform.openai.com/account/api-keys."
            ),
            None,
            Some("invalid_api_key"),
        ),
        Cause::ModelMissing { model } => invalid(
            format!("The model `{model}` does not exist or you do not have access to it."),
            None,
            Some("model_not_found"),
        ),
        Cause::NoRoute { method, path } => {
            invalid(format!("Invalid URL ({method} {path})"), None, None)
        }
        Cause::TooLarge => invalid("Request body is too large.".to_owned(), None, None),
    }
}

/// What OpenAI says with a status, after its guide to error codes.
fn usual(status: u16) -> Body<'static> {
    let (r#type, code, message) = match status {
        401 => (
            "invalid_request_error",
            Some("invalid_api_key"),
            "Incorrect API key provided: ****. You can find your API key at \
             https://platform.openai.com/account/api-keys.",
        ),
        402 => ("insufficient_quota", Some("insufficient_quota"), "Insufficient balance."),
        403 => (
            "invalid_request_error",
            Some("unsupported_country_region_territory"),
            "Country, region, or territory not supported",
        ),
        404 => (
            "invalid_request_error",
            Some("model_not_found"),
            "The requested model does not exist or you do not have access to it.",
        ),
        408 => ("timeout", None, "Request timed out."),
        429 => (
            "requests",
            Some("rate_limit_exceeded"),
            "Rate limit reached for requests per min (RPM): Limit 60, Used 60, Requested 1. \
             Please try again in 1s.",
        ),
        503 => {
            ("server_error", None, "The engine is currently overloaded, please try again later.")
        }
        500.. => (
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        ),
        _ => ("invalid_request_error", None, "The request could not be processed."),
    };
    Body { message: message.to_owned(), r#type, param: None, code }
}
