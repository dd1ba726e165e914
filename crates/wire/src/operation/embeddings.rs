//! Vectors for texts, tokens or media (contract §1.1, `POST /embeddings`).

mod vector;

use super::MediaSource;
use super::fields::{Fields, elements, filled};
use super::media;
use crate::error::BadRequest;
use crate::json::{whole, wrong_type};

pub use vector::Vector;

/// What to embed, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddingsRequest {
    /// What to embed, at least one.
    pub inputs: Vec<EmbeddingInput>,
    /// How many numbers each vector shall have; the model's own when absent.
    pub dimensions: Option<u64>,
    /// How the client wants its vectors written.
    pub encoding: VectorEncoding,
    /// What the vectors are for, e.g. `search_query` or `search_document`.
    pub input_type: Option<String>,
}

/// One thing to embed.
#[derive(Debug, Clone, PartialEq)]
pub enum EmbeddingInput {
    /// A text.
    Text(String),
    /// A text in the model's own tokens.
    Tokens(Vec<u32>),
    /// Several parts that make one vector.
    Parts(Vec<InputPart>),
}

/// A part of what is embedded together.
#[derive(Debug, Clone, PartialEq)]
pub enum InputPart {
    /// A text.
    Text(String),
    /// An image.
    Image(MediaSource),
    /// Audio; its media type is made of the format, such as `audio/wav`.
    Audio(MediaSource),
    /// A film.
    Video(MediaSource),
    /// A document.
    File {
        /// Its name.
        name: Option<String>,
        /// What it holds.
        source: MediaSource,
    },
}

/// How a vector is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VectorEncoding {
    /// An array of numbers.
    #[default]
    Float,
    /// Base64 of little-endian 32-bit floats.
    Base64,
}

/// Members of a request that are read here.
pub(super) const MEMBERS: &[&str] = &["input", "dimensions", "encoding_format", "input_type"];

/// Most inputs of one request; OpenAI's bound.
const INPUTS_MAX: usize = 2_048;
/// Most parts of one input.
const PARTS_MAX: usize = 128;
/// Most numbers of a vector asked for: beyond any model.
const DIMENSIONS_MAX: u64 = 65_536;
/// Longest `input_type`.
const INPUT_TYPE_CHARACTERS_MAX: usize = 128;

const INPUT: &str = "string, array of strings, array of tokens, array of arrays of tokens or array of objects with content";

impl EmbeddingsRequest {
    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, BadRequest> {
        let encodings = [("float", VectorEncoding::Float), ("base64", VectorEncoding::Base64)];
        Ok(Self {
            inputs: inputs(fields.required("input")?)?,
            dimensions: fields.integer("dimensions", 1..=DIMENSIONS_MAX)?,
            encoding: fields.word("encoding_format", &encodings)?.unwrap_or_default(),
            input_type: fields.at_most("input_type", INPUT_TYPE_CHARACTERS_MAX)?,
        })
    }

    /// The media in it.
    pub(super) fn media(&self) -> impl Iterator<Item = &MediaSource> {
        self.inputs.iter().flat_map(EmbeddingInput::parts).filter_map(|part| match part {
            InputPart::Text(_) => None,
            InputPart::Image(source)
            | InputPart::Audio(source)
            | InputPart::Video(source)
            | InputPart::File { source, .. } => Some(source),
        })
    }

    /// Puts what addresses hold in their place.
    pub(super) fn fill(&mut self, media: &[(String, String)]) {
        for input in &mut self.inputs {
            let EmbeddingInput::Parts(parts) = input else { continue };
            for part in parts {
                match part {
                    InputPart::Text(_) => {}
                    InputPart::Image(source)
                    | InputPart::Audio(source)
                    | InputPart::Video(source)
                    | InputPart::File { source, .. } => source.fill(media),
                }
            }
        }
    }
}

impl EmbeddingInput {
    /// Its parts, if it has some.
    pub fn parts(&self) -> &[InputPart] {
        match self {
            Self::Parts(parts) => parts,
            Self::Text(_) | Self::Tokens(_) => &[],
        }
    }
}

fn inputs(raw: &str) -> Result<Vec<EmbeddingInput>, BadRequest> {
    if raw.starts_with('"') {
        return Ok(vec![EmbeddingInput::Text(filled("input", raw)?)]);
    }
    if !raw.starts_with('[') {
        return Err(wrong_type("input", INPUT, raw));
    }
    let all = elements("input", raw, &(1..=usize::MAX))?;
    // An array of numbers is one input.
    if all.first().is_some_and(|first| is_number(first)) {
        return Ok(vec![EmbeddingInput::Tokens(tokens("input", &all)?)]);
    }
    let all = elements("input", raw, &(1..=INPUTS_MAX))?;
    all.iter().enumerate().map(|(index, raw)| input(&format!("input.{index}"), raw)).collect()
}

fn input(path: &str, raw: &str) -> Result<EmbeddingInput, BadRequest> {
    match raw.bytes().next() {
        Some(b'"') => Ok(EmbeddingInput::Text(filled(path, raw)?)),
        Some(b'[') => {
            let all = elements(path, raw, &(1..=usize::MAX))?;
            Ok(EmbeddingInput::Tokens(tokens(path, &all)?))
        }
        Some(b'{') => {
            let object = Fields::of_value(path, raw)?;
            let path = object.path("content");
            let parts = elements(&path, object.required("content")?, &(1..=PARTS_MAX))?;
            let parts = parts.iter().enumerate();
            let parts: Result<Vec<_>, _> =
                parts.map(|(index, raw)| part(&format!("{path}.{index}"), raw)).collect();
            Ok(EmbeddingInput::Parts(parts?))
        }
        _ => Err(wrong_type(path, "string, array of tokens or object with content", raw)),
    }
}

fn tokens(path: &str, all: &[&str]) -> Result<Vec<u32>, BadRequest> {
    let token = |(index, raw): (usize, &&str)| {
        whole(raw).ok_or_else(|| {
            wrong_type(&format!("{path}.{index}"), "token, an integer of at least 0", raw)
        })
    };
    all.iter().enumerate().map(token).collect()
}

fn is_number(raw: &str) -> bool {
    raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

fn part(path: &str, raw: &str) -> Result<InputPart, BadRequest> {
    const KINDS: [(&str, &str); 6] = [
        ("text", "text"),
        ("image_url", "image_url"),
        ("input_audio", "input_audio"),
        ("input_video", "input_video"),
        ("input_file", "input_file"),
        ("file", "file"),
    ];
    let part = Fields::of_value(path, raw)?;
    part.required("type")?;
    Ok(match part.word("type", &KINDS)?.unwrap_or_default() {
        "text" => InputPart::Text(part.required_filled("text")?),
        "image_url" => InputPart::Image(media::image_url(&part)?),
        "input_audio" => {
            InputPart::Audio(media::data_and_format(&part, "input_audio", ("audio", "wav"))?)
        }
        "input_video" => {
            InputPart::Video(media::data_and_format(&part, "input_video", ("video", "mp4"))?)
        }
        "input_file" => InputPart::File {
            name: None,
            source: media::data_and_format(&part, "input_file", ("application", "pdf"))?,
        },
        _ => file(&part)?,
    })
}

/// A document as chat has it (contract §2.2).
fn file(part: &Fields<'_>) -> Result<InputPart, BadRequest> {
    let object = Fields::of_value(&part.path("file"), part.required("file")?)?;
    let source = media::source(&object.path("file_data"), object.required("file_data")?)?;
    Ok(InputPart::File { name: object.text("filename")?, source })
}
