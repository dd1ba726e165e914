//! Media of a request: where it is, or itself.

use std::borrow::Cow;

use super::fields::{Fields, filled, text};
use crate::error::BadRequest;
use crate::translation::base64;

/// An image, a sound, a film or a document: where it is, or itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// An http or https URL.
    Address(String),
    /// The bytes.
    Inline {
        /// Its media type, such as `image/png`.
        media_type: String,
        /// Base64, with padding, as in a data URI.
        data: String,
    },
}

/// Longest address taken.
const ADDRESS_BYTES_MAX: usize = 8_192;

impl MediaSource {
    /// Reads an http(s) URL or a data URI in base64; `None` when the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        if scheme.eq_ignore_ascii_case("data") {
            let (head, data) = rest.split_once(',')?;
            let (media_type, encoding) = head.rsplit_once(';')?;
            if !encoding.eq_ignore_ascii_case("base64") {
                return None;
            }
            return Self::inline(media_type, data);
        }
        let is_http = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
        let has_host = rest.strip_prefix("//").is_some_and(|host| !host.is_empty());
        let is_short = text.len() <= ADDRESS_BYTES_MAX;
        let is_plain = !text.contains(|it: char| it.is_whitespace() || it.is_control());
        (is_http && has_host && is_short && is_plain).then(|| Self::Address(text.to_owned()))
    }

    /// Media given as base64 of either alphabet; `None` when it is not base64.
    pub fn inline(media_type: &str, data: &str) -> Option<Self> {
        let data = base64_text(data)?;
        let media_type =
            if media_type.is_empty() { "application/octet-stream" } else { media_type };
        Some(Self::Inline { media_type: media_type.to_owned(), data })
    }

    /// As one text: the address, or a data URI.
    pub fn to_uri(&self) -> String {
        match self {
            Self::Address(address) => address.clone(),
            Self::Inline { media_type, data } => format!("data:{media_type};base64,{data}"),
        }
    }

    /// The address, when that is all there is.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::Address(address) => Some(address),
            Self::Inline { .. } => None,
        }
    }

    /// Puts what an address holds in its place. What is not a data URI changes nothing.
    pub(super) fn fill(&mut self, media: &[(String, String)]) {
        let Some(address) = self.address() else { return };
        let found = media.iter().find(|(known, _)| known == address);
        if let Some(inline) = found.and_then(|(_, uri)| Self::parse(uri)) {
            *self = inline;
        }
    }
}

/// Reads an address or a data URI that stands at `path`.
pub(super) fn source(path: &str, raw: &str) -> Result<MediaSource, BadRequest> {
    MediaSource::parse(&text(path, raw)?).ok_or_else(|| {
        BadRequest::new(format!("{path}: Expected http(s) URL or data URI in base64"))
    })
}

/// Reads the `image_url` of a part: an object with `url`, or the URL itself as some clients send
/// it.
pub(super) fn image_url(part: &Fields<'_>) -> Result<MediaSource, BadRequest> {
    let raw = part.required("image_url")?;
    let path = part.path("image_url");
    if raw.starts_with('"') {
        return source(&path, raw);
    }
    let object = Fields::of_value(&path, raw)?;
    source(&object.path("url"), object.required("url")?)
}

/// Reads `{data, format?}` under `name`: base64, a data URI or an address. `kind` is the first half
/// of its media type and `default` its format, when it says none.
pub(super) fn data_and_format(
    part: &Fields<'_>,
    name: &str,
    (kind, default): (&str, &str),
) -> Result<MediaSource, BadRequest> {
    let object = Fields::of_value(&part.path(name), part.required(name)?)?;
    let path = object.path("data");
    let data = filled(&path, object.required("data")?)?;
    let format = object.at_most("format", FORMAT_CHARACTERS_MAX)?;
    if let Some(source) = MediaSource::parse(&data) {
        return Ok(source);
    }
    let media_type = media_type(kind, format.as_deref().unwrap_or(default));
    MediaSource::inline(&media_type, &data).ok_or_else(|| {
        BadRequest::new(format!("{path}: Expected base64, a data URI or an http(s) URL"))
    })
}

/// Longest name of a format taken.
pub(super) const FORMAT_CHARACTERS_MAX: usize = 64;

/// The media type of a format such as `mp3`.
pub(super) fn media_type(kind: &str, format: &str) -> String {
    let format = format.to_ascii_lowercase();
    if format.contains('/') {
        return format;
    }
    match (kind, format.as_str()) {
        ("audio", "mp3" | "mpga") => "audio/mpeg".to_owned(),
        ("audio", "m4a") => "audio/mp4".to_owned(),
        ("video", "mov") => "video/quicktime".to_owned(),
        ("application", "txt" | "text") => "text/plain".to_owned(),
        ("application", "md") => "text/markdown".to_owned(),
        ("application", "csv" | "html") => format!("text/{format}"),
        _ => format!("{kind}/{format}"),
    }
}

/// The same data in the standard alphabet with its padding; `None` when it is not base64.
fn base64_text(data: &str) -> Option<String> {
    let bare = if data.contains(|it: char| it.is_ascii_whitespace()) {
        Cow::Owned(data.split_ascii_whitespace().collect())
    } else {
        Cow::Borrowed(data)
    };
    let digits = bare.trim_end_matches('=');
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte);
    // One digit alone holds no byte.
    let whole = digits.len() % 4 != 1 && bare.len() - digits.len() <= 2;
    if digits.is_empty() || !whole || !digits.bytes().all(is_digit) {
        return None;
    }
    Some(base64::standard(Cow::Borrowed(digits)).into_owned())
}
