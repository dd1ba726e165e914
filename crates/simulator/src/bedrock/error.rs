//! Errors as Bedrock words them: the kind in a header, the message in the body.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html>.

use serde_json::json;

use crate::event::{Event, json as to_bytes};
use crate::failure::{Cause, Failure, Reply};
use crate::random::Random;

use super::frame;

const TOO_MANY: &str = "Too many requests, please wait before trying again.";

/// The form of `failure`.
pub(crate) fn failure(failure: &Failure, ids: &mut Random) -> Reply {
    let (status, code, message) = parts(failure);
    let mut headers = vec![("x-amzn-requestid", ids.uuid()), ("x-amzn-errortype", code.to_owned())];
    if let Some(seconds) = failure.retry_after_s {
        headers.push(("retry-after", seconds.to_string()));
    }
    Reply { status, headers, body: to_bytes(&json!({ "message": message })).into() }
}

/// The error in the middle of a stream.
pub(super) fn error_event() -> Event {
    Event::framing(frame::exception("throttlingException", &json!({ "message": TOO_MANY })))
}

fn parts(failure: &Failure) -> (u16, &str, String) {
    let usual = code(failure.status);
    match &failure.cause {
        Cause::Usual => (failure.status, usual, message(failure.status).to_owned()),
        Cause::Invalid { message, code, .. } => {
            (failure.status, code.unwrap_or(usual), message.clone())
        }
        Cause::KeyMissing | Cause::KeyWrong { .. } => {
            (403, "AccessDeniedException", message(403).to_owned())
        }
        Cause::ModelMissing { .. } => (
            404,
            "ResourceNotFoundException",
            "Could not resolve the foundation model from the provided model identifier.".to_owned(),
        ),
        Cause::NoRoute { .. } => (
            404,
            "UnknownOperationException",
            "Unable to determine service/operation name to be authorized".to_owned(),
        ),
        Cause::TooLarge => {
            (413, "RequestEntityTooLargeException", "Request body is too large.".to_owned())
        }
    }
}

const fn code(status: u16) -> &'static str {
    match status {
        401 | 403 => "AccessDeniedException",
        404 => "ResourceNotFoundException",
        408 => "ModelTimeoutException",
        409 => "ConflictException",
        424 => "ModelErrorException",
        429 => "ThrottlingException",
        503 => "ServiceUnavailableException",
        500.. => "InternalServerException",
        _ => "ValidationException",
    }
}

const fn message(status: u16) -> &'static str {
    match status {
        401 | 403 => "You don't have access to the model with the specified model ID.",
        404 => "Could not resolve the foundation model from the provided model identifier.",
        408 => "Model has timed out in processing the request. Try your request again.",
        424 => "The model returned an error while processing the request. Try your request again.",
        429 => TOO_MANY,
        503 => "Bedrock is unable to process your request.",
        500.. => {
            "The system encountered an unexpected error during processing. Try your request again."
        }
        _ => "The provided request is not valid.",
    }
}
