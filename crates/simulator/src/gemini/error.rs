//! Errors as Google words them: a `google.rpc.Status` with details.
//!
//! A wrong API key is a 400 with the reason `API_KEY_INVALID`, and a missing one a 403: that is
//! what the real service does, odd as it is.

use serde_json::{Value, json};

use crate::event::json as to_bytes;
use crate::failure::{Cause, Failure, Reply};

const RETRY_DEFAULT_S: u32 = 30;

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure) -> Reply {
    let (status, body) = status(failure);
    let mut headers = vec![("server", "scaffolding on HTTPServer2".to_owned())];
    if let Some(seconds) = failure.retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
    }
    Reply { status, headers, body: to_bytes(&body).into() }
}

/// The HTTP status and the body.
pub(super) fn status(failure: &Failure) -> (u16, Value) {
    let (status, message, details) = match &failure.cause {
        Cause::Usual => (failure.status, usual(failure.status).to_owned(), usual_details(failure)),
        Cause::Invalid { message, .. } => (failure.status, message.clone(), None),
        Cause::KeyMissing => (
            403,
            "Method doesn't allow unregistered callers (callers without established identity). \
             Please use API Key or other form of API consumer identity to call this API."
                .to_owned(),
            None,
        ),
        Cause::KeyWrong { .. } => (
            400,
            "API key not valid. Please pass a valid API key.".to_owned(),
            Some(json!([
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "API_KEY_INVALID",
                    "domain": "googleapis.com",
                    "metadata": { "service": "generativelanguage.googleapis.com" },
                },
                {
                    "@type": "type.googleapis.com/google.rpc.LocalizedMessage",
                    "locale": "en-US",
                    "message": "API key not valid. Please pass a valid API key.",
                },
            ])),
        ),
        Cause::ModelMissing { model } => (
            404,
            format!(
                "models/{model} is not found for API version v1beta, or is not supported for \
                 generateContent. Call ListModels to see the list of available models and their \
                 supported methods."
            ),
            None,
        ),
        Cause::NoRoute { path, .. } => {
            (404, format!("The requested URL {path} was not found on this server."), None)
        }
        Cause::TooLarge => (413, "Request payload size exceeds the limit.".to_owned(), None),
    };
    let mut error = json!({ "code": status, "message": message, "status": code(status) });
    if let (Some(details), Some(error)) = (details, error.as_object_mut()) {
        error.insert("details".to_owned(), details);
    }
    (status, json!({ "error": error }))
}

const fn code(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        412 => "FAILED_PRECONDITION",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "INVALID_ARGUMENT",
    }
}

const fn usual(status: u16) -> &'static str {
    match status {
        401 => {
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential."
        }
        403 => "The caller does not have permission",
        404 => "Requested entity was not found.",
        429 => {
            "You exceeded your current quota, please check your plan and billing details. For \
             more information on this error, head to: \
             https://ai.google.dev/gemini-api/docs/rate-limits."
        }
        503 => "The model is overloaded. Please try again later.",
        504 => "Deadline expired before operation could complete.",
        500.. => "An internal error has occurred. Please retry.",
        _ => "Request contains an invalid argument.",
    }
}

fn usual_details(failure: &Failure) -> Option<Value> {
    if failure.status != 429 {
        return None;
    }
    let delay = format!("{}s", failure.retry_after_s.unwrap_or(RETRY_DEFAULT_S));
    Some(json!([
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{
                "quotaMetric":
                    "generativelanguage.googleapis.com/generate_content_free_tier_requests",
                "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                "quotaDimensions": { "location": "global" },
                "quotaValue": "60",
            }],
        },
        {
            "@type": "type.googleapis.com/google.rpc.Help",
            "links": [{
                "description": "Learn more about Gemini API quotas",
                "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
            }],
        },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay },
    ]))
}
