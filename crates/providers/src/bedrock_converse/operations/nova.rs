//! Vectors by Amazon Nova Multimodal Embeddings: one text, image, sound or film at a time.
//!
//! <https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html>

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tollgate_types::Usage;
use tollgate_wire::operation::{
    EmbeddingInput, EmbeddingsRequest, InputPart, MediaSource, OperationAnswer,
};

use crate::operation::answers::{embeddings, numbers, parse};
use crate::operation::inputs::{inline, text, tokens};
use crate::operation::purpose::Purpose;
use crate::{Fault, Unsupported};

/// Its dimensions where none are asked for.
const DIMENSIONS: u64 = 3_072;

/// Formats by media type.
const IMAGES: &[(&str, &str)] =
    &[("image/png", "png"), ("image/jpeg", "jpeg"), ("image/gif", "gif"), ("image/webp", "webp")];
const SOUNDS: &[(&str, &str)] = &[
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/ogg", "ogg"),
];
const FILMS: &[(&str, &str)] = &[
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/x-matroska", "mkv"),
    ("video/webm", "webm"),
    ("video/x-flv", "flv"),
    ("video/mpeg", "mpeg"),
    ("video/x-ms-wmv", "wmv"),
    ("video/3gpp", "3gp"),
];

/// The body.
pub(super) fn members(request: &EmbeddingsRequest) -> Result<Map<String, Value>, Unsupported> {
    let [input] = request.inputs.as_slice() else {
        return Err(Unsupported("embeddings of several inputs at once".to_owned()));
    };
    let (kind, subject) = subject(input)?;
    Ok(super::members(json!({
        "schemaVersion": "nova-multimodal-embed-v1",
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": purpose(request.input_type.as_deref())?,
            "embeddingDimension": request.dimensions.unwrap_or(DIMENSIONS),
            kind: subject,
        },
    })))
}

fn purpose(asked: Option<&str>) -> Result<&'static str, Unsupported> {
    let Some(asked) = asked else { return Ok("GENERIC_INDEX") };
    match Purpose::read(asked) {
        Some(Purpose::Query | Purpose::CodeQuery | Purpose::Question | Purpose::Fact) => {
            Ok("GENERIC_RETRIEVAL")
        }
        Some(Purpose::Document | Purpose::Similarity) => Ok("GENERIC_INDEX"),
        Some(Purpose::Classification) => Ok("CLASSIFICATION"),
        Some(Purpose::Clustering) => Ok("CLUSTERING"),
        None => Err(Unsupported(format!("embeddings of the input type `{asked}`"))),
    }
}

/// What is embedded, under its name.
fn subject(input: &EmbeddingInput) -> Result<(&'static str, Value), Unsupported> {
    if let Some(text) = text(input) {
        return Ok(("text", json!({ "truncationMode": "END", "value": text })));
    }
    match input {
        EmbeddingInput::Tokens(_) | EmbeddingInput::Text(_) => Err(tokens()),
        EmbeddingInput::Parts(parts) => match parts.as_slice() {
            [InputPart::Image(source)] => {
                let mut image = media(source, IMAGES, "an image")?;
                image.insert("detailLevel".to_owned(), "STANDARD_IMAGE".into());
                Ok(("image", image.into()))
            }
            [InputPart::Audio(source)] => Ok(("audio", media(source, SOUNDS, "audio")?.into())),
            [InputPart::Video(source)] => {
                let mut film = media(source, FILMS, "a video")?;
                film.insert("embeddingMode".to_owned(), "AUDIO_VIDEO_COMBINED".into());
                Ok(("video", film.into()))
            }
            _ => Err(Unsupported("embeddings of several parts".to_owned())),
        },
    }
}

fn media(
    source: &MediaSource,
    formats: &[(&str, &str)],
    what: &str,
) -> Result<Map<String, Value>, Unsupported> {
    let (media_type, data) = inline(source, what)?;
    let format = formats.iter().find(|(known, _)| *known == media_type).map(|(_, format)| *format);
    let format = format.ok_or_else(|| Unsupported(format!("{what} of type {media_type}")))?;
    Ok(super::members(json!({ "format": format, "source": { "bytes": data } })))
}

/// The answer. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    embeddings: Option<Vec<Embedding>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Embedding {
    embedding: Option<Box<RawValue>>,
}

/// Reads the answer.
pub(super) fn read(
    body: &[u8],
    request: &EmbeddingsRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    let Some(found) = response.embeddings else { return Err(Fault::in_band(body)) };
    let none = || Fault::malformed("an embedding has no vector");
    let vector = |it: Embedding| numbers(it.embedding.ok_or_else(none)?);
    let vectors = found.into_iter().map(vector).collect::<Result<Vec<_>, _>>()?;
    let content = embeddings(vectors, request.inputs.len())?;
    Ok(OperationAnswer { content, usage: measured, upstream_id: None })
}
