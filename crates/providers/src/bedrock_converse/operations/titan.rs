//! Vectors by Amazon Titan: one input at a time.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html>

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tollgate_types::{Usage, UsageSource};
use tollgate_wire::operation::{EmbeddingInput, EmbeddingsRequest, InputPart, OperationAnswer};

use crate::operation::answers::{embeddings, numbers, parse};
use crate::operation::inputs::{inline, text, tokens};
use crate::{Fault, Unsupported};

/// The body.
pub(super) fn members(
    request: &EmbeddingsRequest,
    model: &str,
) -> Result<Map<String, Value>, Unsupported> {
    let [input] = request.inputs.as_slice() else {
        return Err(Unsupported("embeddings of several inputs at once".to_owned()));
    };
    let sees = model.contains("titan-embed-image");
    let mut body = match input {
        _ if let Some(text) = text(input) => super::members(json!({ "inputText": text })),
        EmbeddingInput::Parts(parts) if sees => together(parts)?,
        EmbeddingInput::Parts(_) => {
            return Err(Unsupported("embeddings of several parts".to_owned()));
        }
        EmbeddingInput::Text(_) | EmbeddingInput::Tokens(_) => return Err(tokens()),
    };
    let Some(dimensions) = request.dimensions else { return Ok(body) };
    if sees {
        let config = json!({ "outputEmbeddingLength": dimensions });
        body.insert("embeddingConfig".to_owned(), config);
    } else if model.contains("titan-embed-text-v2") {
        body.insert("dimensions".to_owned(), dimensions.into());
    } else {
        return Err(Unsupported("embeddings of so many dimensions".to_owned()));
    }
    Ok(body)
}

/// A text, an image, or one of each.
fn together(parts: &[InputPart]) -> Result<Map<String, Value>, Unsupported> {
    let mut body = Map::new();
    for part in parts {
        let (name, value) = match part {
            InputPart::Text(text) => ("inputText", text.as_str()),
            InputPart::Image(source) => ("inputImage", inline(source, "an image")?.1),
            InputPart::Audio(_) | InputPart::Video(_) | InputPart::File { .. } => {
                return Err(Unsupported("embeddings of media other than images".to_owned()));
            }
        };
        if body.insert(name.to_owned(), value.into()).is_some() {
            return Err(Unsupported("embeddings of several texts or images as one".to_owned()));
        }
    }
    Ok(body)
}

/// The answer. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    embedding: Option<Box<RawValue>>,
    input_text_token_count: Option<u64>,
}

/// Reads the answer. Where it has no vector it has a message.
pub(super) fn read(
    body: &[u8],
    request: &EmbeddingsRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    let Some(vector) = response.embedding else { return Err(Fault::in_band(body)) };
    let mut usage = measured;
    if let Some(tokens) = response.input_text_token_count {
        usage.source = UsageSource::Reported;
        usage.prompt_tokens = tokens;
    }
    let content = embeddings(vec![numbers(vector)?], request.inputs.len())?;
    Ok(OperationAnswer { content, usage, upstream_id: None })
}
