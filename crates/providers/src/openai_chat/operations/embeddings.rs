//! Vectors for texts, tokens or media.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings>

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::operation::{
    EmbeddingInput, EmbeddingsRequest, InputPart, MediaSource, OperationAnswer, Vector,
};

use super::shape::Frame;
use super::{members, usage};
use crate::operation::answers;
use crate::{Fault, Target, Task};

/// How the names of OpenAI's own models begin, which refuse to be told what vectors are for.
const OPENAI_PREFIX: &str = "text-embedding-";

#[derive(Serialize)]
#[serde(untagged)]
enum Input<'a> {
    Text(&'a str),
    Tokens(&'a [u32]),
    Parts { content: Vec<Part<'a>> },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Url },
    InputAudio { input_audio: Data<'a> },
    InputVideo { input_video: Data<'a> },
    File { file: FileData<'a> },
}

#[derive(Serialize)]
struct Url {
    url: String,
}

#[derive(Serialize)]
struct Data<'a> {
    data: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a str>,
}

#[derive(Serialize)]
struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    file_data: String,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    data: Vec<Entry<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default)]
    index: Option<usize>,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

/// The body: the client's, with the parts of a media input in the contract's form.
pub(super) fn body(task: &Task<'_>, request: &EmbeddingsRequest) -> Vec<u8> {
    let has_parts = request.inputs.iter().any(|it| matches!(it, EmbeddingInput::Parts(_)));
    let write = |object: &mut ObjectWriter<'_>, key: &str, raw: &str| match key {
        "input" if has_parts => {
            let inputs: Vec<Input<'_>> = request.inputs.iter().map(input).collect();
            object.field("input", &inputs);
        }
        "encoding_format" if raw == r#""float""# => {}
        "input_type" if !takes_input_type(&task.target) => {}
        key => object.member(key, raw),
    };
    members::body(task, write, |_| {})
}

/// Whether a model may be told what its vectors are for.
fn takes_input_type(target: &Target<'_>) -> bool {
    let name = target.upstream_model.rsplit('/').next().unwrap_or_default();
    target.supports("input_type") && !name.starts_with(OPENAI_PREFIX)
}

fn input(input: &EmbeddingInput) -> Input<'_> {
    match input {
        EmbeddingInput::Text(text) => Input::Text(text),
        EmbeddingInput::Tokens(tokens) => Input::Tokens(tokens),
        EmbeddingInput::Parts(parts) => Input::Parts { content: parts.iter().map(part).collect() },
    }
}

fn part(part: &InputPart) -> Part<'_> {
    match part {
        InputPart::Text(text) => Part::Text { text },
        InputPart::Image(source) => Part::ImageUrl { image_url: Url { url: source.to_uri() } },
        InputPart::Audio(source) => Part::InputAudio { input_audio: data(source) },
        InputPart::Video(source) => Part::InputVideo { input_video: data(source) },
        InputPart::File { name, source } => {
            Part::File { file: FileData { filename: name.as_deref(), file_data: source.to_uri() } }
        }
    }
}

/// The data and the second half of its media type, or the address.
fn data(source: &MediaSource) -> Data<'_> {
    match source {
        MediaSource::Address(address) => Data { data: address, format: None },
        MediaSource::Inline { media_type, data } => {
            let format = match media_type.as_str() {
                "audio/mpeg" => Some("mp3"),
                other => other.split_once('/').map(|(_, format)| format),
            };
            Data { data, format }
        }
    }
}

/// Reads the answer: a vector for each input, in their order.
pub(crate) fn answer(
    task: &Task<'_>,
    request: &EmbeddingsRequest,
    body: &[u8],
) -> Result<OperationAnswer, Fault> {
    let frame = Frame::read(body)?;
    let list: List<'_> = answers::parse(body)?;
    let content = answers::embeddings(in_order(list.data)?, request.inputs.len())?;
    let mut usage = task.call.measured();
    usage::lay_over(list.usage, &mut usage);
    Ok(OperationAnswer { content, usage, upstream_id: frame.id() })
}

/// Puts the vectors where their numbers say; without numbers they are in order already.
fn in_order(entries: Vec<Entry<'_>>) -> Result<Vec<Vector>, Fault> {
    let mut places: Vec<Option<Vector>> = vec![None; entries.len()];
    for (at, entry) in entries.into_iter().enumerate() {
        let place = entry.index.unwrap_or(at);
        match places.get_mut(place) {
            Some(free @ None) => *free = Some(vector(entry.embedding)?),
            Some(Some(_)) => {
                return Err(Fault::malformed(&format!("two vectors are number {place}")));
            }
            None => return Err(Fault::malformed(&format!("vector {place} is of no input"))),
        }
    }
    Ok(places.into_iter().flatten().collect())
}

fn vector(raw: &RawValue) -> Result<Vector, Fault> {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(text) => answers::packed(text),
        Err(_) => answers::numbers(raw.to_owned()),
    }
}
