//! The blocks that turns are made of. Each is an object with exactly one member, named after its
//! kind.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::CacheControl;

use super::model::Model;

/// One block.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Block<'a> {
    /// Text; never blank, which is refused.
    Text(Cow<'a, str>),
    /// An image.
    Image(Media<'a>),
    /// A document.
    Document(Document<'a>),
    /// A film.
    Video(Media<'a>),
    /// Sound.
    Audio(Media<'a>),
    /// Thoughts.
    ReasoningContent(Reasoning<'a>),
    /// A call of a tool.
    ToolUse(ToolUse<'a>),
    /// What a tool answered.
    ToolResult(ToolResult<'a>),
    /// A prompt-cache marker: what comes before it is kept.
    CachePoint(CachePoint),
}

/// An image, a film or sound.
#[derive(Debug, Serialize)]
pub(super) struct Media<'a> {
    /// The provider's word for its media type.
    pub(super) format: &'static str,
    /// Where it is.
    pub(super) source: Source<'a>,
}

/// A document.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    /// The provider's word for its media type.
    pub(super) format: &'static str,
    /// Its name, which must be the only one of its kind in the request.
    pub(super) name: String,
    /// Where it is.
    pub(super) source: Source<'a>,
}

/// Where media are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Source<'a> {
    /// Here, in base64.
    Bytes(Cow<'a, str>),
    /// In a bucket that the caller's account can read.
    S3Location {
        /// `s3://bucket/key`.
        uri: &'a str,
    },
}

/// Thoughts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Reasoning<'a> {
    /// In words, with the proof that they are the provider's own.
    ReasoningText {
        /// The thoughts; may be empty.
        text: String,
        /// The proof.
        signature: &'a str,
    },
    /// Sealed.
    RedactedContent(&'a str),
}

/// A call of a tool.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolUse<'a> {
    /// Its id.
    pub(super) tool_use_id: Cow<'a, str>,
    /// The tool.
    pub(super) name: &'a str,
    /// Its arguments, always an object.
    pub(super) input: Cow<'a, RawValue>,
}

/// What a tool answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolResult<'a> {
    /// The call's id.
    pub(super) tool_use_id: Cow<'a, str>,
    /// The answer.
    pub(super) content: Vec<Block<'a>>,
    /// `error` where the call failed; success is the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
}

/// A prompt-cache marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct CachePoint {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<&'static str>,
}

impl CachePoint {
    /// The marker for a model that takes it. Five minutes are the default.
    pub(super) fn read(marker: &CacheControl, model: Model) -> Self {
        let hour = marker.ttl.as_deref() == Some("1h") && model.takes_hour_markers();
        Self { kind: "default", ttl: hour.then_some("1h") }
    }
}

impl<'a> Block<'a> {
    /// A block of text, unless it is blank.
    pub(super) fn text(text: Cow<'a, str>) -> Option<Self> {
        (!text.trim().is_empty()).then_some(Self::Text(text))
    }

    /// Whether it is a prompt-cache marker.
    pub(super) const fn is_marker(&self) -> bool {
        matches!(self, Self::CachePoint(_))
    }
}
