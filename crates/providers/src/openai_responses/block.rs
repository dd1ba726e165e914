//! The items that the input is made of, and the pieces of their content.

use std::borrow::Cow;

use serde::Serialize;
use tollgate_wire::chat::Part;

use crate::Unsupported;
use crate::encoding::{Inline, Media, is_http};

/// One item of the input.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'a> {
    /// What somebody says.
    Message {
        /// Who.
        role: &'static str,
        /// What.
        content: Content<'a>,
    },
    /// What the model thought before.
    Reasoning {
        /// The provider's id of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        /// Summaries; required, may be empty.
        summary: Vec<Thought<'a>>,
        /// The thoughts themselves, where the model shows them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Thought<'a>>,
        /// The thoughts, sealed.
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
    },
    /// A call of a tool.
    FunctionCall {
        /// Its id, which the output repeats.
        call_id: Cow<'a, str>,
        /// The tool.
        name: &'a str,
        /// JSON as text.
        arguments: &'a str,
    },
    /// What a tool answered.
    FunctionCallOutput {
        /// The call's id.
        call_id: Cow<'a, str>,
        /// The answer.
        output: Content<'a>,
    },
}

/// Content as short as it can be written.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Content<'a> {
    /// Text and nothing else.
    Text(Cow<'a, str>),
    /// Pieces.
    Blocks(Vec<Block<'a>>),
}

/// A piece of a thought or of its summary.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thought<'a> {
    /// Of its summary.
    SummaryText {
        /// The text.
        text: Cow<'a, str>,
    },
    /// Of the thought.
    ReasoningText {
        /// The text.
        text: Cow<'a, str>,
    },
}

/// A piece of content.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    /// Text for the model.
    InputText {
        /// The text.
        text: Cow<'a, str>,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<Breakpoint>,
    },
    /// An image.
    InputImage {
        /// An http(s) URL or a data URI.
        image_url: &'a str,
        /// How closely to look.
        detail: &'a str,
    },
    /// A document.
    InputFile(File<'a>),
    /// Text of the model.
    OutputText {
        /// The text.
        text: &'a str,
    },
    /// What the model declined with.
    Refusal {
        /// The text.
        refusal: &'a str,
    },
}

/// A prompt-cache marker (contract §2.5).
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Breakpoint {
    mode: &'static str,
}

/// A document: one of its three forms.
#[derive(Debug, Default, Serialize)]
pub(super) struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<&'a str>,
}

/// Whether prompt-cache markers are written: not every model takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Markers(pub(super) bool);

impl<'a> Content<'a> {
    /// The content of a message or of a tool's answer.
    pub(super) fn read(parts: &'a [Part<'a>], markers: Markers) -> Result<Self, Unsupported> {
        let blocks = parts.iter().filter_map(|part| Block::part(part, markers).transpose());
        let blocks: Vec<Block<'a>> = blocks.collect::<Result<_, _>>()?;
        Ok(Self::Blocks(blocks).shortened())
    }

    /// The first text for the model.
    pub(super) fn first_text(&mut self) -> Option<&mut Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Blocks(blocks) => blocks.iter_mut().find_map(|block| match block {
                Block::InputText { text, .. } => Some(text),
                _ => None,
            }),
        }
    }

    /// A single text without a marker as the text it is; nothing as no text.
    fn shortened(self) -> Self {
        match self {
            Self::Blocks(blocks) if blocks.is_empty() => Self::Text(Cow::Borrowed("")),
            Self::Blocks(mut blocks) if blocks.len() == 1 => match blocks.pop() {
                Some(Block::InputText { text, prompt_cache_breakpoint: None }) => Self::Text(text),
                other => Self::Blocks(other.into_iter().collect()),
            },
            content => content,
        }
    }
}

impl<'a> Block<'a> {
    /// Text for the model, without a marker.
    pub(super) const fn text(text: Cow<'a, str>) -> Self {
        Self::InputText { text, prompt_cache_breakpoint: None }
    }

    /// A piece of a message; nothing for a file that is neither given nor named.
    fn part(part: &'a Part<'a>, markers: Markers) -> Result<Option<Self>, Unsupported> {
        Ok(Some(match part {
            Part::Text { text, cache_control } => {
                let marked = markers.0 && cache_control.is_some();
                Self::InputText {
                    text: Cow::Borrowed(text),
                    prompt_cache_breakpoint: marked.then_some(Breakpoint { mode: "explicit" }),
                }
            }
            Part::Image { url, detail, .. } => Self::image(url, detail.as_deref())?,
            Part::File { data: Some(data), filename, .. } => Self::file(data, filename.as_deref())?,
            Part::File { data: None, file_id: Some(id), .. } => {
                Self::InputFile(File { file_id: Some(id), ..File::default() })
            }
            Part::File { data: None, file_id: None, .. } => return Ok(None),
            // The API answers that it knows no `input_audio`.
            Part::Audio { .. } => return Err(Unsupported("audio input".to_owned())),
            Part::Video { .. } => return Err(Unsupported("video input".to_owned())),
        }))
    }

    /// `detail` is required by the letter of the protocol; `auto` is what its absence means.
    fn image(url: &'a str, detail: Option<&'a str>) -> Result<Self, Unsupported> {
        match Media::read(url)? {
            Media::Remote(url) if !is_http(url) => Err(Unsupported(
                "an image address that is neither http(s) nor a data URI".to_owned(),
            )),
            Media::Inline(_) | Media::Remote(_) => {
                Ok(Self::InputImage { image_url: url, detail: detail.unwrap_or("auto") })
            }
        }
    }

    fn file(data: &'a str, filename: Option<&'a str>) -> Result<Self, Unsupported> {
        match Media::read(data)? {
            Media::Remote(url) if is_http(url) => {
                Ok(Self::InputFile(File { file_url: Some(url), ..File::default() }))
            }
            Media::Inline(it) if it.media_type.starts_with("image/") => Self::image(data, None),
            Media::Inline(it) => Ok(Self::named_file(data, filename.unwrap_or_else(|| name(&it)))),
            Media::Remote(_) => {
                Err(Unsupported("a file address that is neither http(s) nor a data URI".to_owned()))
            }
        }
    }

    fn named_file(data: &'a str, filename: &'a str) -> Self {
        Self::InputFile(File { filename: Some(filename), file_data: Some(data), ..File::default() })
    }
}

/// A name for a file that has none: the provider requires one.
fn name(file: &Inline<'_>) -> &'static str {
    match file.media_type.as_ref() {
        "application/pdf" => "document.pdf",
        "application/json" => "document.json",
        "text/markdown" => "document.md",
        "text/csv" => "document.csv",
        kind if kind.starts_with("text/") => "document.txt",
        _ => "document",
    }
}
