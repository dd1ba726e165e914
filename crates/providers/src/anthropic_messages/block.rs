//! The blocks that turns are made of.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::{CacheControl, Part};

use crate::Unsupported;
use crate::encoding::{Media, is_http};

/// One block of a turn.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    /// Text.
    Text {
        /// Never blank: blank text is refused.
        text: Cow<'a, str>,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a CacheControl>,
    },
    /// An image.
    Image {
        /// Its bytes or its address.
        source: Source<'a>,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a CacheControl>,
    },
    /// A document.
    Document {
        /// Its bytes or its address.
        source: Source<'a>,
        /// Its name.
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a CacheControl>,
    },
    /// Thoughts with the proof that they are the provider's own.
    Thinking {
        /// The thoughts; may be empty.
        thinking: String,
        /// The proof.
        signature: &'a str,
    },
    /// Sealed thoughts.
    RedactedThinking {
        /// The seal.
        data: &'a str,
    },
    /// A call of a tool.
    ToolUse {
        /// Its id.
        id: Cow<'a, str>,
        /// The tool.
        name: &'a str,
        /// Its arguments, always an object.
        input: Cow<'a, RawValue>,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a CacheControl>,
    },
    /// What a tool answered.
    ToolResult {
        /// The call's id.
        tool_use_id: Cow<'a, str>,
        /// The answer.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Self>,
        /// Whether the call failed.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a CacheControl>,
    },
}

/// Where the content of an image or a document is.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    /// Here.
    Base64 {
        /// Its media type.
        media_type: Cow<'a, str>,
        /// The bytes.
        data: &'a str,
    },
    /// At an address.
    Url {
        /// The address.
        url: &'a str,
    },
    /// Here, as text.
    Text {
        /// Always `text/plain`.
        media_type: &'static str,
        /// The text.
        data: String,
    },
}

impl<'a> Block<'a> {
    /// A block of text, unless it is blank.
    pub(super) fn text(
        text: Cow<'a, str>,
        cache_control: Option<&'a CacheControl>,
    ) -> Option<Self> {
        (!text.trim().is_empty()).then_some(Self::Text { text, cache_control })
    }

    /// The place of the prompt-cache marker, for blocks that may have one.
    pub(super) fn marker(&mut self) -> Option<&mut Option<&'a CacheControl>> {
        match self {
            Self::Text { cache_control, .. }
            | Self::Image { cache_control, .. }
            | Self::Document { cache_control, .. }
            | Self::ToolUse { cache_control, .. }
            | Self::ToolResult { cache_control, .. } => Some(cache_control),
            Self::Thinking { .. } | Self::RedactedThinking { .. } => None,
        }
    }

    /// Whether it holds media given by their address.
    pub(super) fn points_elsewhere(&self) -> bool {
        match self {
            Self::Image { source, .. } | Self::Document { source, .. } => {
                matches!(source, Source::Url { .. })
            }
            // Results hold no results.
            Self::ToolResult { content, .. } => content.iter().any(Self::points_elsewhere),
            Self::Text { .. }
            | Self::Thinking { .. }
            | Self::RedactedThinking { .. }
            | Self::ToolUse { .. } => false,
        }
    }

    /// A piece of a message; nothing for blank text.
    pub(super) fn part(part: &'a Part<'a>) -> Result<Option<Self>, Unsupported> {
        match part {
            Part::Text { text, cache_control } => {
                Ok(Self::text(Cow::Borrowed(text), cache_control.as_ref()))
            }
            Part::Image { url, cache_control, .. } => image(url, cache_control.as_ref()).map(Some),
            Part::File { file_id: Some(_), data: None, .. } => {
                Err(Unsupported("an uploaded file".to_owned()))
            }
            Part::File { data: None, .. } => Ok(None),
            Part::File { filename, data: Some(data), cache_control, .. } => {
                file(data, filename.as_deref(), cache_control.as_ref()).map(Some)
            }
            Part::Audio { .. } => Err(Unsupported("audio input".to_owned())),
            Part::Video { .. } => Err(Unsupported("video input".to_owned())),
        }
    }
}

fn image<'a>(
    url: &'a str,
    cache_control: Option<&'a CacheControl>,
) -> Result<Block<'a>, Unsupported> {
    let source = match Media::read(url)? {
        Media::Inline(it) => Source::Base64 { media_type: it.media_type, data: it.data },
        Media::Remote(url) => remote(url)?,
    };
    Ok(Block::Image { source, cache_control })
}

fn file<'a>(
    data: &'a str,
    title: Option<&'a str>,
    cache_control: Option<&'a CacheControl>,
) -> Result<Block<'a>, Unsupported> {
    let source = match Media::read(data)? {
        Media::Remote(url) => remote(url)?,
        Media::Inline(it) => match it.media_type.as_ref() {
            "application/pdf" => Source::Base64 { media_type: it.media_type, data: it.data },
            kind if kind.starts_with("image/") => return image(data, cache_control),
            kind if kind.starts_with("text/") || kind == "application/json" => {
                let data = it.text()?;
                if data.trim().is_empty() {
                    return Err(Unsupported("an empty text file".to_owned()));
                }
                Source::Text { media_type: "text/plain", data }
            }
            kind => return Err(Unsupported(format!("a file of type {kind}"))),
        },
    };
    Ok(Block::Document { source, title, cache_control })
}

fn remote(url: &str) -> Result<Source<'_>, Unsupported> {
    if is_http(url) {
        return Ok(Source::Url { url });
    }
    Err(Unsupported("an address that is neither http(s) nor a data URI".to_owned()))
}
