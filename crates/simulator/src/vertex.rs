//! Vertex AI: the protocols of Gemini, Anthropic and OpenAI at other paths, for callers with access
//! tokens, and the endpoint that gives those tokens out.
//!
//! Source: <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude> and
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/maas/call-open-model-apis>.

mod embed;
mod error;
mod token;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::model::MODELS;
use crate::protocol::{Asked, Asking};
use crate::{anthropic, gemini};

pub(crate) use embed::{embed, is_for_vectors};
pub(crate) use error::{failure, failure_of_anthropic, failure_of_partners};
pub(crate) use token::token;

/// What Anthropic's models at Vertex want for a version.
const ANTHROPIC_VERSION: &str = "vertex-2023-10-16";

/// Reads a request to one of Google's models. Here every content says whose it is.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    let contents = asking.body.get("contents").and_then(Value::as_array).into_iter().flatten();
    if contents.into_iter().any(|content| content.get("role").is_none()) {
        return Err(Failure::invalid("Please use a valid role: user, model."));
    }
    gemini::read(asking, true)
}

/// Reads a request to one of Anthropic's models: the model is in the path, the version in the body.
pub(crate) fn read_anthropic(asking: Asking<'_>) -> Result<Asked, Failure> {
    let Asking { body, label, .. } = asking;
    if body.get("model").is_some() {
        return Err(Failure::invalid("model: Extra inputs are not permitted"));
    }
    match body.get("anthropic_version").and_then(Value::as_str) {
        Some(ANTHROPIC_VERSION) => {}
        Some(_) => {
            let problem = format!("anthropic_version: Input should be '{ANTHROPIC_VERSION}'");
            return Err(Failure::invalid(problem));
        }
        None => return Err(Failure::invalid("anthropic_version: Field required")),
    }
    let mut inner = body.clone();
    if let Some(fields) = inner.as_object_mut() {
        fields.remove("anthropic_version");
    }
    anthropic::read_body(&inner, label)
}

/// The answer to `GET /v1beta1/publishers/google/models`.
pub(crate) fn models() -> Value {
    let entry = |(id, _): &(&str, &str)| {
        json!({
            "name": format!("publishers/google/models/{id}"),
            "versionId": "001",
            "openSourceCategory": "PROPRIETARY",
            "launchStage": "GA",
        })
    };
    json!({ "publisherModels": MODELS.iter().map(entry).collect::<Vec<_>>() })
}
