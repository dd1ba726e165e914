//! Vectors: by `predict` for the models that embed texts, by `embedContent` for those that embed
//! anything.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>,
//! <https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models/embedContent>

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use serde_json::value::RawValue;
use tollgate_types::{Usage, UsageSource};
use tollgate_wire::operation::{EmbeddingsRequest, OperationAnswer};

use crate::gemini::operations::embeddings as studio;
use crate::gemini::operations::generate::Content;
use crate::operation::answers::{count, embeddings, numbers, parse};
use crate::operation::inputs::texts;
use crate::{Fault, Unsupported};

/// Most inputs of one request, for the models that take several.
const INPUTS_MAX: usize = 250;

#[derive(Serialize)]
struct Predict<'a> {
    instances: Vec<Instance<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Parameters>,
}

#[derive(Serialize)]
struct Instance<'a> {
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'static str>,
}

/// The same for both operations.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    output_dimensionality: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Embed<'a> {
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embed_content_config: Option<Parameters>,
}

/// The operation and its body.
pub(super) fn body(
    request: &EmbeddingsRequest,
    model: &str,
) -> Result<(&'static str, Vec<u8>), Unsupported> {
    let purpose = studio::purpose(request)?;
    let parameters =
        request.dimensions.map(|output_dimensionality| Parameters { output_dimensionality });
    let most = inputs_max(model);
    if request.inputs.len() > most {
        return Err(Unsupported(format!("embeddings of more than {most} inputs at once")));
    }
    let body = match request.inputs.as_slice() {
        [input] if studio::is_multimodal(model) => {
            let parts = studio::parts(input, model, purpose)?;
            let content = Content { role: Some("user"), parts };
            let body = Embed { content, embed_content_config: parameters };
            return Ok(("embedContent", json(&body)?));
        }
        inputs => {
            let task_type = purpose.map(studio::task_type);
            let instance = |content| Instance { content, task_type };
            Predict { instances: texts(inputs)?.into_iter().map(instance).collect(), parameters }
        }
    };
    Ok(("predict", json(&body)?))
}

/// Gemini's own models take one input at a time.
fn inputs_max(model: &str) -> usize {
    if model.contains("gemini-embedding") { 1 } else { INPUTS_MAX }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, Unsupported> {
    serde_json::to_vec(body).map_err(|error| Unsupported(error.to_string()))
}

/// The answer to `predict`, or so much of another as to tell it. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    predictions: Option<Vec<Prediction>>,
    metadata: Option<Metadata>,
    /// `embedContent` answers with one of these.
    embedding: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Prediction {
    embeddings: Option<Embedding>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Embedding {
    values: Option<Box<RawValue>>,
    statistics: Option<Statistics>,
}

/// What an input came to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Statistics {
    token_count: Option<Number>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    billable_character_count: Option<u64>,
}

/// Reads the answer.
pub(super) fn read(
    body: &[u8],
    request: &EmbeddingsRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    if response.embedding.is_some() || response.error.is_some() {
        return studio::read(body, request, measured);
    }
    let mut vectors = Vec::with_capacity(request.inputs.len());
    let (mut tokens, mut counted) = (0_u64, false);
    for prediction in response.predictions.unwrap_or_default() {
        let embedding = prediction.embeddings.unwrap_or_default();
        let none = || Fault::malformed("a prediction has no vector");
        vectors.push(numbers(embedding.values.ok_or_else(none)?)?);
        if let Some(said) = embedding.statistics.and_then(|it| it.token_count) {
            counted = true;
            tokens = tokens.saturating_add(count(Some(&said)));
        }
    }
    let mut usage = measured;
    if counted {
        usage.source = UsageSource::Reported;
        usage.prompt_tokens = tokens;
    }
    if let Some(characters) = response.metadata.and_then(|it| it.billable_character_count) {
        usage.prompt_characters = characters;
    }
    let content = embeddings(vectors, request.inputs.len())?;
    Ok(OperationAnswer { content, usage, upstream_id: None })
}
