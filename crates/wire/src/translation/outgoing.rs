//! Messages and tool calls of a chat request as they are written (contract §2.2, §2.3).
//!
//! The mirror of what [`ChatRequest`](crate::chat::ChatRequest) reads, for dialects that are
//! translated into chat.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::chat::ReasoningDetail;

/// One message.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ChatMessage<'a> {
    /// Who speaks.
    pub(crate) role: &'static str,
    /// What is said.
    pub(crate) content: ChatContent<'a>,
    /// The tool, for a result whose call is not in the conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Cow<'a, str>>,
    /// What the assistant thought, as plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<Cow<'a, str>>,
    /// What the assistant thought, with signatures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) reasoning_details: Vec<ReasoningDetail>,
    /// Calls the assistant made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<ChatToolCall<'a>>,
    /// Images the assistant made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) images: Vec<ChatPart<'a>>,
    /// The call a tool message answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_id: Option<Cow<'a, str>>,
    /// Whether the tool failed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_error: bool,
}

/// `content`.
#[derive(Debug, Default, Serialize)]
#[serde(untagged)]
pub(crate) enum ChatContent<'a> {
    /// `null`.
    #[default]
    Nothing,
    /// A string.
    Text(Cow<'a, str>),
    /// Parts.
    Parts(Vec<ChatPart<'a>>),
}

/// A piece of a message.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ChatPart<'a> {
    /// Text.
    Text {
        /// The text.
        text: Cow<'a, str>,
        /// A prompt-cache marker (contract §2.5).
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
        /// OpenAI's prompt-cache marker (contract §2.5).
        #[serde(skip_serializing_if = "Option::is_none")]
        prompt_cache_breakpoint: Option<&'a RawValue>,
    },
    /// An image.
    ImageUrl {
        /// Where it is.
        image_url: MediaUrl<'a>,
        /// Its number, for one that the assistant made.
        #[serde(skip_serializing_if = "Option::is_none")]
        index: Option<usize>,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
    /// Sound.
    InputAudio {
        /// The sound.
        input_audio: Sound<'a>,
    },
    /// Film.
    VideoUrl {
        /// Where it is.
        video_url: MediaUrl<'a>,
    },
    /// A document.
    File {
        /// The document.
        file: Document<'a>,
        /// A prompt-cache marker.
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<&'a RawValue>,
    },
}

/// An http(s) URL or a data URI.
#[derive(Debug, Serialize)]
pub(crate) struct MediaUrl<'a> {
    /// The URL.
    pub(crate) url: Cow<'a, str>,
    /// How closely to look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<Cow<'a, str>>,
}

/// Sound, here.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Sound<'a> {
    /// As parts of it.
    Parts {
        /// Base64.
        data: Cow<'a, str>,
        /// The contract's word for its format.
        format: &'static str,
    },
    /// In chat's form already.
    AsIs(&'a RawValue),
}

/// A document.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Document<'a> {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filename: Option<Cow<'a, str>>,
    /// An http(s) URL or a data URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file_data: Option<Cow<'a, str>>,
    /// The id of one that was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file_id: Option<Cow<'a, str>>,
}

/// A call of a tool.
#[derive(Debug, Serialize)]
pub(crate) struct ChatToolCall<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: Cow<'a, str>,
    arguments: Cow<'a, str>,
}

impl<'a> ChatMessage<'a> {
    /// A message with text and nothing else.
    pub(crate) fn text(role: &'static str, text: impl Into<Cow<'a, str>>) -> Self {
        Self { role, content: ChatContent::Text(text.into()), ..Self::default() }
    }
}

impl<'a> ChatContent<'a> {
    /// Parts as the plainest content that holds them: text alone is a string.
    pub(crate) fn of(mut parts: Vec<ChatPart<'a>>) -> Self {
        match parts.pop() {
            None => Self::Nothing,
            Some(ChatPart::Text { text, cache_control: None, prompt_cache_breakpoint: None })
                if parts.is_empty() =>
            {
                Self::Text(text)
            }
            Some(last) => {
                parts.push(last);
                Self::Parts(parts)
            }
        }
    }
}

impl<'a> ChatPart<'a> {
    /// Text.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text { text: text.into(), cache_control: None, prompt_cache_breakpoint: None }
    }

    /// An image.
    pub(crate) fn image(url: impl Into<Cow<'a, str>>, detail: Option<&'static str>) -> Self {
        let image_url = MediaUrl { url: url.into(), detail: detail.map(Cow::Borrowed) };
        Self::ImageUrl { image_url, index: None, cache_control: None }
    }

    /// A film.
    pub(crate) fn film(url: impl Into<Cow<'a, str>>) -> Self {
        Self::VideoUrl { video_url: MediaUrl { url: url.into(), detail: None } }
    }

    fn document(filename: Option<Cow<'a, str>>, data: impl Into<Cow<'a, str>>) -> Self {
        // OpenAI refuses data without a name.
        let filename = Some(filename.unwrap_or(Cow::Borrowed("document.pdf")));
        let file = Document { filename, file_data: Some(data.into()), file_id: None };
        Self::File { file, cache_control: None }
    }

    /// Media given inline: which part it becomes is said by its type.
    pub(crate) fn inline(
        media_type: &str,
        data: Cow<'a, str>,
        filename: Option<Cow<'a, str>>,
        detail: Option<&'static str>,
    ) -> Self {
        let media_type = media_type.trim().to_ascii_lowercase();
        if let Some(format) = audio_format(&media_type) {
            return Self::InputAudio { input_audio: Sound::Parts { data, format } };
        }
        let uri = || format!("data:{media_type};base64,{data}");
        if media_type.starts_with("image/") {
            return Self::image(uri(), detail);
        }
        if media_type.starts_with("video/") {
            return Self::film(uri());
        }
        Self::document(filename, uri())
    }

    /// Media given by address. Audio has no address in chat, so it goes as a file.
    pub(crate) fn remote(
        media_type: &str,
        url: Cow<'a, str>,
        filename: Option<Cow<'a, str>>,
        detail: Option<&'static str>,
    ) -> Self {
        let media_type = media_type.trim().to_ascii_lowercase();
        if media_type.starts_with("image/") {
            return Self::image(url, detail);
        }
        if media_type.starts_with("video/") {
            return Self::film(url);
        }
        Self::document(filename, url)
    }
}

/// The contract's word for a type of audio (§2.2); none for a type it has no word for.
fn audio_format(media_type: &str) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    Some(match essence {
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => "wav",
        "audio/mp3" | "audio/mpeg" => "mp3",
        "audio/flac" | "audio/x-flac" => "flac",
        "audio/ogg" => "ogg",
        "audio/aiff" | "audio/x-aiff" => "aiff",
        "audio/aac" => "aac",
        "audio/m4a" | "audio/x-m4a" | "audio/mp4" => "m4a",
        "audio/l16" | "audio/pcm" => "pcm16",
        _ => return None,
    })
}

impl<'a> ChatToolCall<'a> {
    /// A call; `arguments` is JSON text.
    pub(crate) fn new(id: Cow<'a, str>, name: Cow<'a, str>, arguments: Cow<'a, str>) -> Self {
        Self { id, kind: "function", function: CalledFunction { name, arguments } }
    }
}
