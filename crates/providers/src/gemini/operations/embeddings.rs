//! `batchEmbedContents`: a vector for each request of a batch.
//!
//! <https://ai.google.dev/gemini-api/docs/embeddings>

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_types::Usage;
use tollgate_wire::operation::{
    EmbeddingInput, EmbeddingsRequest, InputPart, MediaSource, OperationAnswer, Vector,
};

use super::super::fault::refined;
use super::super::usage::UsageMetadata;
use super::generate::{Blob, Content, Part, counted};
use crate::counts::report;
use crate::operation::answers::{embeddings, numbers, parse};
use crate::operation::inputs::{inline, text, tokens};
use crate::operation::purpose::Purpose;
use crate::{Fault, Unsupported};

/// Most requests of one batch.
const BATCH_MAX: usize = 100;

#[derive(Serialize)]
struct Batch<'a> {
    requests: Vec<Embed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Embed<'a> {
    model: &'a str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u64>,
}

/// The body; `model` is its whole name.
pub(super) fn body(request: &EmbeddingsRequest, model: &str) -> Result<Vec<u8>, Unsupported> {
    if request.inputs.len() > BATCH_MAX {
        return Err(Unsupported(format!("embeddings of more than {BATCH_MAX} inputs at once")));
    }
    let purpose = purpose(request)?;
    let mut requests = Vec::with_capacity(request.inputs.len());
    for input in &request.inputs {
        requests.push(Embed {
            model,
            content: Content { role: None, parts: parts(input, model, purpose)? },
            task_type: purpose.filter(|_| !is_multimodal(model)).map(task_type),
            output_dimensionality: request.dimensions,
        });
    }
    super::json(&Batch { requests })
}

/// What the vectors are for; nothing where the client does not say.
pub(crate) fn purpose(request: &EmbeddingsRequest) -> Result<Option<Purpose>, Unsupported> {
    let Some(asked) = request.input_type.as_deref() else { return Ok(None) };
    let unknown = || Unsupported(format!("embeddings of the input type `{asked}`"));
    Purpose::read(asked).map(Some).ok_or_else(unknown)
}

/// Whether a model embeds more than texts, and is told in words what its vectors are for.
pub(crate) fn is_multimodal(model: &str) -> bool {
    model.contains("gemini-embedding-2")
}

/// The purpose in the provider's words.
pub(crate) const fn task_type(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Query => "RETRIEVAL_QUERY",
        Purpose::Document => "RETRIEVAL_DOCUMENT",
        Purpose::CodeQuery => "CODE_RETRIEVAL_QUERY",
        Purpose::Question => "QUESTION_ANSWERING",
        Purpose::Fact => "FACT_VERIFICATION",
        Purpose::Classification => "CLASSIFICATION",
        Purpose::Clustering => "CLUSTERING",
        Purpose::Similarity => "SEMANTIC_SIMILARITY",
    }
}

/// An input as the parts of one content.
pub(crate) fn parts<'a>(
    input: &'a EmbeddingInput,
    model: &str,
    purpose: Option<Purpose>,
) -> Result<Vec<Part<'a>>, Unsupported> {
    if let Some(text) = text(input) {
        let told = purpose.filter(|_| is_multimodal(model)).map(instruction);
        let text = told.map_or(Cow::Borrowed(text), |told| Cow::Owned(format!("{told}{text}")));
        return Ok(vec![Part::text(text)]);
    }
    match input {
        EmbeddingInput::Parts(parts) => parts.iter().map(|it| part(it, model)).collect(),
        EmbeddingInput::Text(_) | EmbeddingInput::Tokens(_) => Err(tokens()),
    }
}

/// How the models that have no task types are told the purpose: before the text.
const fn instruction(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Query => "task: search result | query: ",
        Purpose::Document => "title: none | text: ",
        Purpose::CodeQuery => "task: code retrieval | query: ",
        Purpose::Question => "task: question answering | query: ",
        Purpose::Fact => "task: fact checking | query: ",
        Purpose::Classification => "task: classification | query: ",
        Purpose::Clustering => "task: clustering | query: ",
        Purpose::Similarity => "task: sentence similarity | query: ",
    }
}

fn part<'a>(part: &'a InputPart, model: &str) -> Result<Part<'a>, Unsupported> {
    let media = |source: &'a MediaSource, what: &str| -> Result<Part<'a>, Unsupported> {
        if !is_multimodal(model) {
            return Err(Unsupported(format!("{what} for a model that embeds texts")));
        }
        let (mime_type, data) = inline(source, what)?;
        Ok(Part::media(Blob { mime_type, data }))
    };
    match part {
        InputPart::Text(text) => Ok(Part::text(Cow::Borrowed(text))),
        InputPart::Image(source) => media(source, "an image"),
        InputPart::Audio(source) => media(source, "audio"),
        InputPart::Video(source) => media(source, "a video"),
        InputPart::File { source, .. } => media(source, "a file"),
    }
}

/// The answer to a batch, or to a single request. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    embeddings: Option<Vec<Embedding>>,
    embedding: Option<Embedding>,
    #[serde(deserialize_with = "report")]
    usage_metadata: Option<UsageMetadata>,
    error: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Embedding {
    values: Option<Box<RawValue>>,
}

impl Embedding {
    /// The vector.
    fn vector(self) -> Result<Vector, Fault> {
        numbers(self.values.ok_or_else(|| Fault::malformed("an embedding has no values"))?)
    }
}

/// Reads the answer.
pub(crate) fn read(
    body: &[u8],
    request: &EmbeddingsRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    if response.error.is_some() {
        return Err(refined(Fault::in_band(body), body));
    }
    let found = response.embeddings.unwrap_or_default().into_iter().chain(response.embedding);
    let vectors = found.map(Embedding::vector).collect::<Result<Vec<_>, _>>()?;
    Ok(OperationAnswer {
        content: embeddings(vectors, request.inputs.len())?,
        usage: counted(measured, response.usage_metadata.as_ref()),
        upstream_id: None,
    })
}
