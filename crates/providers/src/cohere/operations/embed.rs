//! `POST /v2/embed`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tollgate_types::{Usage, UsageSource};
use tollgate_wire::operation::{
    EmbeddingInput, EmbeddingsRequest, InputPart, OperationAnswer, Vector, VectorEncoding,
};

use crate::operation::answers::{count, embeddings, numbers, packed, parse};
use crate::operation::inputs::{inline, text, tokens};
use crate::operation::purpose::Purpose;
use crate::{Fault, Unsupported};

/// Most inputs of one request.
const INPUTS_MAX: usize = 96;

/// A part of a mixed input.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Url },
}

#[derive(Serialize)]
struct Url {
    url: String,
}

/// The body but for the model: what is embedded, what for, and how the vectors shall be.
pub(crate) fn members(
    request: &EmbeddingsRequest,
    model: &str,
) -> Result<Map<String, Value>, Unsupported> {
    if request.inputs.len() > INPUTS_MAX {
        return Err(Unsupported(format!("embeddings of more than {INPUTS_MAX} inputs at once")));
    }
    let mut body = Map::new();
    let (name, list, only_images) = inputs(&request.inputs)?;
    body.insert(name.to_owned(), list);
    body.insert("input_type".to_owned(), input_type(request, model, only_images).into());
    let encoding = match request.encoding {
        VectorEncoding::Float => "float",
        VectorEncoding::Base64 => "base64",
    };
    body.insert("embedding_types".to_owned(), json!([encoding]));
    if let Some(dimensions) = request.dimensions {
        body.insert("output_dimension".to_owned(), dimensions.into());
    }
    Ok(body)
}

/// The inputs under their name, and whether all of them are images: texts and images have lists of
/// their own, anything else is mixed.
fn inputs(inputs: &[EmbeddingInput]) -> Result<(&'static str, Value, bool), Unsupported> {
    if let Some(texts) = inputs.iter().map(text).collect::<Option<Vec<_>>>() {
        return Ok(("texts", texts.into(), false));
    }
    let images: Option<Vec<_>> = inputs.iter().map(only_image).collect();
    if let Some(images) = images {
        let uris = images.into_iter().map(data_uri).collect::<Result<Vec<_>, _>>()?;
        return Ok(("images", uris.into(), true));
    }
    let mixed = inputs.iter().map(mixed).collect::<Result<Vec<_>, _>>()?;
    Ok(("inputs", mixed.into(), false))
}

fn only_image(input: &EmbeddingInput) -> Option<&InputPart> {
    match input {
        EmbeddingInput::Parts(parts) => match parts.as_slice() {
            [part @ InputPart::Image(_)] => Some(part),
            _ => None,
        },
        EmbeddingInput::Text(_) | EmbeddingInput::Tokens(_) => None,
    }
}

fn mixed(input: &EmbeddingInput) -> Result<Value, Unsupported> {
    let parts = match input {
        EmbeddingInput::Text(text) => vec![Part::Text { text }],
        EmbeddingInput::Tokens(_) => return Err(tokens()),
        EmbeddingInput::Parts(parts) => parts.iter().map(part).collect::<Result<_, _>>()?,
    };
    Ok(json!({ "content": parts }))
}

fn part(part: &InputPart) -> Result<Part<'_>, Unsupported> {
    match part {
        InputPart::Text(text) => Ok(Part::Text { text }),
        InputPart::Image(_) => Ok(Part::ImageUrl { image_url: Url { url: data_uri(part)? } }),
        InputPart::Audio(_) => Err(Unsupported("embeddings of audio".to_owned())),
        InputPart::Video(_) => Err(Unsupported("embeddings of a video".to_owned())),
        InputPart::File { .. } => Err(Unsupported("embeddings of a file".to_owned())),
    }
}

fn data_uri(part: &InputPart) -> Result<String, Unsupported> {
    match part {
        InputPart::Image(source) => {
            let (media_type, data) = inline(source, "an image")?;
            Ok(format!("data:{media_type};base64,{data}"))
        }
        _ => Err(Unsupported("embeddings of media other than images".to_owned())),
    }
}

/// What the vectors are for must be said. A word that is nobody's goes on as it is: the provider
/// says best what is wrong with it. Models before the fourth embed images for no other purpose.
fn input_type<'a>(request: &'a EmbeddingsRequest, model: &str, only_images: bool) -> &'a str {
    if only_images && !model.contains("embed-v4") {
        return "image";
    }
    let Some(asked) = request.input_type.as_deref() else { return "search_document" };
    match Purpose::read(asked) {
        Some(Purpose::Query | Purpose::CodeQuery | Purpose::Question | Purpose::Fact) => {
            "search_query"
        }
        Some(Purpose::Document | Purpose::Similarity) => "search_document",
        Some(Purpose::Classification) => "classification",
        Some(Purpose::Clustering) => "clustering",
        None => asked,
    }
}

/// The answer. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    id: Option<String>,
    embeddings: Option<Box<RawValue>>,
    meta: Option<Meta>,
}

/// Vectors by their form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ByType {
    float: Option<Vec<Box<RawValue>>>,
    base64: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Meta {
    pub(super) billed_units: Option<BilledUnits>,
}

/// What the provider bills; its counts are numbers, not integers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BilledUnits {
    input_tokens: Option<serde_json::Number>,
    image_tokens: Option<serde_json::Number>,
    images: Option<serde_json::Number>,
    pub(super) search_units: Option<serde_json::Number>,
}

/// Reads the answer.
pub(crate) fn read(
    body: &[u8],
    request: &EmbeddingsRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    let Some(raw) = response.embeddings else { return Err(Fault::in_band(body)) };
    let vectors = vectors(&raw)?;
    let units = response.meta.and_then(|meta| meta.billed_units);
    Ok(OperationAnswer {
        content: embeddings(vectors, request.inputs.len())?,
        usage: units.map_or(measured, |units| billed(&units, measured)),
        upstream_id: response.id.filter(|id| !id.is_empty()),
    })
}

/// Vectors are listed by form, or simply listed where no form was asked for.
fn vectors(raw: &RawValue) -> Result<Vec<Vector>, Fault> {
    if raw.get().starts_with('[') {
        let list: Vec<Box<RawValue>> = parse(raw.get().as_bytes())?;
        return list.into_iter().map(numbers).collect();
    }
    let by_type: ByType = parse(raw.get().as_bytes())?;
    match (by_type.float, by_type.base64) {
        (Some(list), _) => list.into_iter().map(numbers).collect(),
        (None, Some(list)) => list.into_iter().map(packed).collect(),
        (None, None) => Err(Fault::malformed("its vectors have no known form")),
    }
}

fn billed(units: &BilledUnits, measured: Usage) -> Usage {
    if units.input_tokens.is_none() && units.image_tokens.is_none() && units.images.is_none() {
        return measured;
    }
    let images = count(units.image_tokens.as_ref());
    Usage {
        source: UsageSource::Reported,
        prompt_tokens: count(units.input_tokens.as_ref()).saturating_add(images),
        image_prompt_tokens: images,
        prompt_images: match &units.images {
            Some(images) => count(Some(images)),
            None => measured.prompt_images,
        },
        ..measured
    }
}
