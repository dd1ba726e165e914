//! The parts that contents are made of.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::chat;

use super::model::Model;
use crate::Unsupported;
use crate::encoding::{Media, is_http};

/// One part: exactly one of its kinds, and perhaps a signature.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    /// Text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Cow<'a, str>>,
    /// Media, here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob<'a>>,
    /// Media, elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<FileData<'a>>,
    /// A call of a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall<'a>>,
    /// What a tool answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<FunctionResponse<'a>>,
    /// The provider's sealed thoughts that led to this part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<&'a str>,
}

/// Media, here.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    mime_type: Cow<'a, str>,
    data: &'a str,
}

/// Media, elsewhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'static str>,
    file_uri: &'a str,
}

/// A call of a tool.
#[derive(Debug, Serialize)]
pub(super) struct FunctionCall<'a> {
    /// Its id.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) id: &'a str,
    /// The tool.
    pub(super) name: &'a str,
    /// Its arguments, always an object.
    pub(super) args: Cow<'a, RawValue>,
}

/// What a tool answered.
#[derive(Debug, Serialize)]
pub(super) struct FunctionResponse<'a> {
    /// The call's id.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) id: &'a str,
    /// The tool.
    pub(super) name: &'a str,
    /// The answer, always an object.
    pub(super) response: Cow<'a, RawValue>,
    /// Media that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<Part<'a>>,
}

/// Addresses the provider reads films from: its own files and YouTube.
const FILM_HOSTS: &[&str] = &["youtube.com", "youtu.be", "generativelanguage.googleapis.com"];

/// Media types by the ending of an address, for the provider to know what it fetches.
const MEDIA_TYPES: &[(&str, &str)] = &[
    (".png", "image/png"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".webp", "image/webp"),
    (".gif", "image/gif"),
    (".heic", "image/heic"),
    (".pdf", "application/pdf"),
    (".txt", "text/plain"),
    (".md", "text/plain"),
    (".csv", "text/csv"),
    (".html", "text/html"),
    (".mp4", "video/mp4"),
    (".mov", "video/mov"),
    (".mpeg", "video/mpeg"),
    (".webm", "video/webm"),
];

impl<'a> Part<'a> {
    /// A part of text, unless it is empty.
    pub(super) fn text(text: Cow<'a, str>) -> Option<Self> {
        (!text.is_empty()).then_some(Self { text: Some(text), ..Self::default() })
    }

    /// A piece of a message; nothing for empty text.
    pub(super) fn read(
        part: &'a chat::Part<'a>,
        model: Model,
    ) -> Result<Option<Self>, Unsupported> {
        let mut read = Self::of(part, model)?;
        if let Some(file) = read.as_mut().and_then(|it| it.file_data.as_mut())
            && model.needs_media_types()
        {
            file.mime_type.get_or_insert(match part {
                chat::Part::Image { .. } => "image/jpeg",
                chat::Part::Video { .. } => "video/mp4",
                _ => "application/pdf",
            });
        }
        Ok(read)
    }

    fn of(part: &'a chat::Part<'a>, model: Model) -> Result<Option<Self>, Unsupported> {
        match part {
            chat::Part::Text { text, .. } => Ok(Self::text(Cow::Borrowed(text))),
            chat::Part::Image { url, .. } => media(url).map(Some),
            chat::Part::Audio { data, format } => audio(data, format).map(Some),
            chat::Part::Video { url } if model.fetches_films() => media(url).map(Some),
            chat::Part::Video { url } => film(url).map(Some),
            chat::Part::File { data: Some(data), .. } => media(data).map(Some),
            chat::Part::File { file_id: Some(uri), .. } if is_http(uri) => {
                Ok(Some(Self::remote(uri)))
            }
            chat::Part::File { file_id: Some(_), .. } => {
                Err(Unsupported("an uploaded file".to_owned()))
            }
            chat::Part::File { .. } => Ok(None),
        }
    }

    fn inline(mime_type: Cow<'a, str>, data: &'a str) -> Self {
        Self { inline_data: Some(Blob { mime_type, data }), ..Self::default() }
    }

    fn remote(file_uri: &'a str) -> Self {
        let path = file_uri.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let known = MEDIA_TYPES.iter().find(|(ending, _)| path.ends_with(ending));
        let mime_type = known.map(|(_, mime_type)| *mime_type);
        Self { file_data: Some(FileData { mime_type, file_uri }), ..Self::default() }
    }
}

fn media(url: &str) -> Result<Part<'_>, Unsupported> {
    match Media::read(url)? {
        Media::Inline(it) => Ok(Part::inline(it.media_type, it.data)),
        Media::Remote(url) if is_http(url) || url.starts_with("gs://") => Ok(Part::remote(url)),
        Media::Remote(_) => {
            Err(Unsupported("an address that is neither http(s) nor a data URI".to_owned()))
        }
    }
}

fn film(url: &str) -> Result<Part<'_>, Unsupported> {
    let host = url.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let of =
        |known: &str| host.strip_suffix(known).is_some_and(|it| it.is_empty() || it.ends_with('.'));
    let readable = url.starts_with("data:")
        || url.starts_with("gs://")
        || FILM_HOSTS.iter().any(|known| of(known));
    if readable {
        return media(url);
    }
    Err(Unsupported("a video by an address other than YouTube's".to_owned()))
}

fn audio<'a>(data: &'a str, format: &str) -> Result<Part<'a>, Unsupported> {
    let mime_type = match format.to_ascii_lowercase().as_str() {
        "wav" => "audio/wav",
        "mp3" => "audio/mp3",
        "flac" => "audio/flac",
        "ogg" => "audio/ogg",
        "aiff" => "audio/aiff",
        "aac" => "audio/aac",
        "m4a" => "audio/m4a",
        "pcm16" => "audio/l16",
        other => return Err(Unsupported(format!("audio in the format {other}"))),
    };
    let data = match Media::read(data) {
        Ok(Media::Inline(it)) => it.data,
        _ => data,
    };
    Ok(Part::inline(Cow::Borrowed(mime_type), data))
}
