//! Errors as Google's cloud words them; what is wrong with a request to Anthropic's models is said
//! as Anthropic says it.

use serde_json::{Value, json};

use crate::event::json as to_bytes;
use crate::failure::{Cause, Failure, Reply};
use crate::random::Random;
use crate::{anthropic, gemini};

const TOKEN_MISSING: &str = "Request is missing required authentication credential. Expected OAuth 2 access token, login \
     cookie or other valid authentication credential. See \
     https://developers.google.com/identity/sign-in/web/devconsole-project.";
const TOKEN_WRONG: &str = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie \
     or other valid authentication credential. See \
     https://developers.google.com/identity/sign-in/web/devconsole-project.";

/// The form of `failure` at one of Google's models.
pub(crate) fn failure(failure: &Failure) -> Reply {
    let told = match &failure.cause {
        Cause::KeyMissing => unauthenticated(TOKEN_MISSING, "CREDENTIALS_MISSING"),
        Cause::KeyWrong { .. } => unauthenticated(TOKEN_WRONG, "ACCESS_TOKEN_TYPE_UNSUPPORTED"),
        Cause::ModelMissing { model } => {
            let message = format!(
                "Publisher Model `projects/simulator/locations/global/publishers/google/models/\
                 {model}` was not found or your project does not have access to it. Please ensure \
                 you are using a valid model version."
            );
            json!({ "code": 404, "message": message, "status": "NOT_FOUND" })
        }
        Cause::Usual if failure.status == 429 => {
            let message = "Resource exhausted. Please try again later. Please refer to \
                           https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 \
                           for more details.";
            json!({ "code": 429, "message": message, "status": "RESOURCE_EXHAUSTED" })
        }
        Cause::Usual | Cause::Invalid { .. } | Cause::NoRoute { .. } | Cause::TooLarge => {
            return gemini::failure(failure);
        }
    };
    let retry_after = failure.retry_after_s.map(|seconds| ("retry-after", seconds.to_string()));
    let headers = retry_after.into_iter().collect();
    let body = to_bytes(&json!({ "error": told })).into();
    Reply { status: failure.status, headers, body }
}

/// The form of `failure` at a model of another maker: a list of one.
pub(crate) fn failure_of_partners(failure: &Failure) -> Reply {
    let mut reply = self::failure(failure);
    reply.body = [b"[", &*reply.body, b"]"].concat().into();
    reply
}

/// The form of `failure` at one of Anthropic's models.
pub(crate) fn failure_of_anthropic(failure: &Failure, ids: &mut Random) -> Reply {
    match (&failure.cause, failure.status) {
        (Cause::Invalid { .. }, _) | (Cause::Usual, 400 | 413 | 500 | 529) => {
            anthropic::failure(failure, ids)
        }
        _ => self::failure(failure),
    }
}

fn unauthenticated(message: &str, reason: &str) -> Value {
    let info = json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": { "service": "aiplatform.googleapis.com" },
    });
    json!({ "code": 401, "message": message, "status": "UNAUTHENTICATED", "details": [info] })
}
