//! The objects that answers are made of (contract §3.6).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A content block, whole or as it begins.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum BlockObject<'a> {
    /// Text.
    Text {
        /// The text.
        text: &'a str,
        /// What it rests on.
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        citations: &'a [Citation],
    },
    /// Thoughts.
    Thinking {
        /// The thoughts; may be empty.
        thinking: &'a str,
        /// The proof that they are the provider's own, or a seal of ours.
        signature: &'a str,
    },
    /// Thoughts that can't be read.
    RedactedThinking {
        /// The provider's seal, or ours around it.
        data: &'a str,
    },
    /// A call of a tool.
    ToolUse {
        /// Its id.
        id: &'a str,
        /// The tool.
        name: &'a str,
        /// Its arguments.
        input: Cow<'a, RawValue>,
    },
    /// An image, in the form that requests have it: the protocol has none in answers.
    Image {
        /// Its bytes or its address.
        source: Source<'a>,
    },
}

/// Where an image is.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    /// Here.
    Base64 {
        /// Its media type.
        media_type: &'a str,
        /// The bytes.
        data: &'a str,
    },
    /// Elsewhere.
    Url {
        /// The address.
        url: &'a str,
    },
}

/// What a content block grows by.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "type")]
pub(super) enum Delta<'a> {
    /// More text.
    #[serde(rename = "text_delta")]
    Text {
        /// The piece.
        text: &'a str,
    },
    /// More thoughts.
    #[serde(rename = "thinking_delta")]
    Thinking {
        /// The piece.
        thinking: &'a str,
    },
    /// What closes a block of thought.
    #[serde(rename = "signature_delta")]
    Signature {
        /// The signature.
        signature: &'a str,
    },
    /// More arguments.
    #[serde(rename = "input_json_delta")]
    Arguments {
        /// A piece of JSON text.
        partial_json: &'a str,
    },
    /// What the text rests on.
    #[serde(rename = "citations_delta")]
    Citation {
        /// The source.
        citation: &'a Citation,
    },
}

/// A page that was cited: the only form that a citation of chat's has here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "web_search_result_location")]
pub(super) struct Citation {
    cited_text: String,
    url: String,
    title: Option<String>,
    /// Only Anthropic's own search has one; the field is required.
    encrypted_index: &'static str,
}

impl Citation {
    /// Reads an annotation of chat's (contract §3.1); `None` when it is not of the web.
    pub(super) fn read(annotation: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Annotation {
            url_citation: UrlCitation,
        }

        #[derive(Deserialize)]
        struct UrlCitation {
            url: String,
            title: Option<String>,
            content: Option<String>,
        }

        let Annotation { url_citation: it } = serde_json::from_str(annotation.get()).ok()?;
        let cited_text = it.content.unwrap_or_default();
        Some(Self { cited_text, url: it.url, title: it.title, encrypted_index: "" })
    }
}

impl<'a> Source<'a> {
    /// Reads what chat gives as a URL.
    pub(super) fn of(url: &'a str) -> Self {
        let inline = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        match inline {
            Some((media_type, data)) => Self::Base64 { media_type, data },
            None => Self::Url { url },
        }
    }

    /// As chat gives it.
    pub(super) fn to_url(&self) -> String {
        match self {
            Self::Base64 { media_type, data } => format!("data:{media_type};base64,{data}"),
            Self::Url { url } => (*url).to_owned(),
        }
    }
}
