//! The parts of a message's content (contract §2.2, §3.5).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::kind_of;
use crate::translation::outgoing::{ChatContent, ChatPart, Document, MediaUrl, Sound};
use crate::translation::parse;

/// How base64 of a PDF begins. Some clients send files bare, and chat wants a data URI.
const PDF_BASE64: &str = "JVBERi0";

#[derive(Deserialize)]
struct PartObject<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    annotations: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    image_url: Option<Url<'a>>,
    #[serde(borrow, default)]
    video_url: Option<Url<'a>>,
    #[serde(borrow, default)]
    detail: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    filename: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    file_data: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    file_url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    file_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    input_audio: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
    #[serde(borrow, default)]
    prompt_cache_breakpoint: Option<&'a RawValue>,
}

/// A URL, or chat's form of one: clients mix them up.
#[derive(Deserialize)]
#[serde(untagged)]
enum Url<'a> {
    Short(#[serde(borrow)] Cow<'a, str>),
    Long {
        #[serde(borrow)]
        url: Cow<'a, str>,
    },
}

/// What a part turns out to be.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// A part of chat's content, and what it cites.
    Content(ChatPart<'a>, Vec<&'a RawValue>),
    /// What an assistant declined with: not a part in chat.
    Refusal(Cow<'a, str>),
}

/// Parts as content: nothing said is an empty text.
pub(super) fn content(parts: Vec<ChatPart<'_>>) -> ChatContent<'_> {
    match ChatContent::of(parts) {
        ChatContent::Nothing => ChatContent::Text(Cow::Borrowed("")),
        content => content,
    }
}

/// Reads content: a string, parts, or nothing.
pub(super) fn read<'a>(
    path: &str,
    content: Option<&'a RawValue>,
) -> Result<Vec<Part<'a>>, BadRequest> {
    let Some(raw) = content else { return Ok(Vec::new()) };
    match raw.get().bytes().next() {
        Some(b'"') => {
            let text: Cow<'a, str> = parse(path, raw)?;
            Ok(vec![text_part(text)])
        }
        Some(b'[') => {
            let raws: Vec<&'a RawValue> = parse(path, raw)?;
            let read = |(index, raw): (usize, _)| part(&format!("{path}.{index}"), raw);
            raws.into_iter().enumerate().map(read).collect()
        }
        _ => Err(BadRequest::new(format!(
            "{path}: Expected string or array of parts, received {}",
            kind_of(raw.get())
        ))),
    }
}

fn text_part(text: Cow<'_, str>) -> Part<'_> {
    Part::Content(ChatPart::text(text), Vec::new())
}

fn part<'a>(path: &str, raw: &'a RawValue) -> Result<Part<'a>, BadRequest> {
    // A bare string is not in the dialect, and some clients send it.
    if raw.get().starts_with('"') {
        return parse(path, raw).map(text_part);
    }
    let part: PartObject<'a> = parse(path, raw)?;
    let required = |name: &str| BadRequest::new(format!("{path}.{name}: Required"));
    let cache_control = part.cache_control;
    let content = match part.kind.as_deref() {
        Some("input_text" | "output_text" | "text" | "summary_text" | "reasoning_text") => {
            ChatPart::Text {
                text: part.text.ok_or_else(|| required("text"))?,
                cache_control,
                prompt_cache_breakpoint: part.prompt_cache_breakpoint,
            }
        }
        Some("refusal") => {
            return Ok(Part::Refusal(part.refusal.ok_or_else(|| required("refusal"))?));
        }
        Some("input_image" | "computer_screenshot") => {
            let url = match (part.image_url, part.file_id) {
                (Some(url), _) => url.text(),
                (None, Some(_)) => return Err(image_by_id(path)),
                (None, None) => return Err(required("image_url")),
            };
            let image_url = MediaUrl { url, detail: part.detail };
            ChatPart::ImageUrl { image_url, index: None, cache_control }
        }
        Some("input_file") => {
            let data = part.file_data.map(data_uri).or(part.file_url);
            if data.is_none() && part.file_id.is_none() {
                return Err(required("file_data"));
            }
            // OpenAI's chat refuses data without a name.
            let named = || data.is_some().then_some(Cow::Borrowed("document.pdf"));
            let filename = part.filename.or_else(named);
            let file = Document { filename, file_data: data, file_id: part.file_id };
            ChatPart::File { file, cache_control }
        }
        Some("input_audio") => {
            let input_audio = part.input_audio.ok_or_else(|| required("input_audio"))?;
            ChatPart::InputAudio { input_audio: Sound::AsIs(input_audio) }
        }
        Some("input_video") => {
            ChatPart::film(part.video_url.ok_or_else(|| required("video_url"))?.text())
        }
        other => {
            return Err(BadRequest::new(format!(
                "{path}.type: Expected one of input_text, output_text, refusal, input_image, input_file, input_audio, input_video, received {}",
                other.map_or_else(|| "nothing".to_owned(), |kind| format!("\"{kind}\""))
            )));
        }
    };
    Ok(Part::Content(content, part.annotations.unwrap_or_default()))
}

fn image_by_id(path: &str) -> BadRequest {
    BadRequest::new(format!(
        "{path}.file_id: Images by file id are only known to OpenAI; send image_url with a URL or a data URI"
    ))
}

fn data_uri(data: Cow<'_, str>) -> Cow<'_, str> {
    if data.starts_with(PDF_BASE64) {
        return Cow::Owned(format!("data:application/pdf;base64,{data}"));
    }
    data
}

impl<'a> Url<'a> {
    fn text(self) -> Cow<'a, str> {
        match self {
            Self::Short(url) | Self::Long { url } => url,
        }
    }
}
