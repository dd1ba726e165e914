//! Errors as Azure words them: those of its gateway have only a code and a message; what is wrong
//! with a request is said as OpenAI says it.

use serde_json::json;

use crate::event::json as to_bytes;
use crate::failure::{Cause, Failure, Reply};
use crate::openai;
use crate::random::Random;

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure, ids: &mut Random) -> Reply {
    let (code, message) = match &failure.cause {
        Cause::Usual => (failure.status.to_string(), usual(failure).to_owned()),
        Cause::Invalid { .. } => return openai::failure(failure, ids),
        Cause::KeyMissing | Cause::KeyWrong { .. } => {
            (failure.status.to_string(), ACCESS_DENIED.to_owned())
        }
        Cause::ModelMissing { .. } => (
            "DeploymentNotFound".to_owned(),
            "The API deployment for this resource does not exist. If you created the deployment \
             within the last 5 minutes, please wait a moment and try again."
                .to_owned(),
        ),
        Cause::NoRoute { .. } => ("404".to_owned(), "Resource not found".to_owned()),
        Cause::TooLarge => ("413".to_owned(), "Request body is too large.".to_owned()),
    };
    let mut headers = vec![("apim-request-id", ids.uuid()), ("x-ms-region", "East US".to_owned())];
    if let Some(seconds) = failure.retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
        headers.push(("retry-after-ms", (u64::from(seconds) * 1_000).to_string()));
    }
    if failure.status == 429 {
        headers.push(("x-ratelimit-remaining-requests", "0".to_owned()));
    }
    let body = to_bytes(&json!({ "error": { "code": code, "message": message } }));
    Reply { status: failure.status, headers, body: body.into() }
}

const ACCESS_DENIED: &str = "Access denied due to invalid subscription key or wrong API endpoint. \
                             Make sure to provide a valid key for an active subscription and use a \
                             correct regional API endpoint for your resource.";

const fn usual(failure: &Failure) -> &'static str {
    match failure.status {
        401 => ACCESS_DENIED,
        403 => "Access denied due to Virtual Network/Firewall rules.",
        404 => "Resource not found",
        408 => "The operation was timeout.",
        429 => {
            "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded \
             call rate limit of your current OpenAI S0 pricing tier. Please retry after a while."
        }
        503 => "The service is temporarily unable to process your request. Please try again later.",
        500.. => "Internal server error",
        _ => "Bad request",
    }
}
