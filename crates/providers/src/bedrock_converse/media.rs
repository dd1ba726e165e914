//! Images, documents, films and sound, in the provider's words.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html>

use std::borrow::Cow;
use std::collections::HashMap;

use tollgate_wire::chat::Part;

use super::block::{Block, Document, Media, Source};
use crate::Unsupported;
use crate::encoding::Media as Given;

/// Formats of images, by media type or by the ending of an address.
const IMAGES: &[(&str, &str)] = &[
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
    (".png", "png"),
    (".jpg", "jpeg"),
    (".jpeg", "jpeg"),
    (".gif", "gif"),
    (".webp", "webp"),
];

const DOCUMENTS: &[(&str, &str)] = &[
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    // No format of their own: they are text.
    ("application/json", "txt"),
    ("application/xml", "txt"),
    (".pdf", "pdf"),
    (".csv", "csv"),
    (".doc", "doc"),
    (".docx", "docx"),
    (".xls", "xls"),
    (".xlsx", "xlsx"),
    (".html", "html"),
    (".txt", "txt"),
    (".md", "md"),
];

const FILMS: &[(&str, &str)] = &[
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/mov", "mov"),
    ("video/webm", "webm"),
    ("video/x-matroska", "mkv"),
    ("video/x-flv", "flv"),
    ("video/mpeg", "mpeg"),
    ("video/x-ms-wmv", "wmv"),
    ("video/3gpp", "three_gp"),
    (".mp4", "mp4"),
    (".mov", "mov"),
    (".webm", "webm"),
    (".mkv", "mkv"),
    (".flv", "flv"),
    (".mpeg", "mpeg"),
    (".mpg", "mpg"),
    (".wmv", "wmv"),
    (".3gp", "three_gp"),
];

/// Formats of sound, by the contract's words for them (§2.2).
const SOUNDS: &[(&str, &str)] = &[
    ("wav", "wav"),
    ("mp3", "mp3"),
    ("flac", "flac"),
    ("ogg", "ogg"),
    ("aac", "aac"),
    ("m4a", "m4a"),
    ("pcm16", "pcm"),
];

/// The longest name of a document.
const NAME_CHARACTERS_MAX: usize = 200;

/// Names given to documents of one request, and how often each was wanted.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, u32>);

/// A piece of a message; nothing for blank text.
pub(super) fn block<'a>(
    part: &'a Part<'a>,
    names: &mut Names,
) -> Result<Option<Block<'a>>, Unsupported> {
    match part {
        Part::Text { text, .. } => Ok(Block::text(Cow::Borrowed(text))),
        Part::Image { url, .. } => media(url, IMAGES, "an image").map(Block::Image).map(Some),
        Part::Video { url } => media(url, FILMS, "a video").map(Block::Video).map(Some),
        Part::Audio { data, format } => sound(data, format).map(Block::Audio).map(Some),
        Part::File { data: Some(data), filename, .. } => {
            file(data, filename.as_deref(), names).map(Some)
        }
        Part::File { file_id: Some(_), .. } => Err(Unsupported("an uploaded file".to_owned())),
        Part::File { .. } => Ok(None),
    }
}

fn media<'a>(
    url: &'a str,
    formats: &[(&str, &'static str)],
    what: &str,
) -> Result<Media<'a>, Unsupported> {
    let (format, source) = located(url, formats, what)?;
    Ok(Media { format, source })
}

fn located<'a>(
    url: &'a str,
    formats: &[(&str, &'static str)],
    what: &str,
) -> Result<(&'static str, Source<'a>), Unsupported> {
    match Given::read(url)? {
        Given::Inline(it) => {
            let format = known(formats, |kind| it.media_type == kind);
            let format = format.ok_or_else(|| unknown(what, &it.media_type))?;
            Ok((format, Source::Bytes(Cow::Borrowed(it.data))))
        }
        Given::Remote(uri) if uri.starts_with("s3://") => {
            let path = uri.to_ascii_lowercase();
            let format = known(formats, |ending| ending.starts_with('.') && path.ends_with(ending));
            let format = format.ok_or_else(|| {
                Unsupported(format!("{what} whose address does not end in its format"))
            })?;
            Ok((format, Source::S3Location { uri }))
        }
        Given::Remote(_) => Err(Unsupported(format!("{what} by an address outside of S3"))),
    }
}

fn known(formats: &[(&str, &'static str)], is: impl Fn(&str) -> bool) -> Option<&'static str> {
    formats.iter().find(|(key, _)| is(key)).map(|(_, format)| *format)
}

fn unknown(what: &str, media_type: &str) -> Unsupported {
    Unsupported(format!("{what} of type {media_type}"))
}

fn sound<'a>(data: &'a str, format: &str) -> Result<Media<'a>, Unsupported> {
    let word = format.to_ascii_lowercase();
    let format = known(SOUNDS, |it| it == word)
        .ok_or_else(|| Unsupported(format!("audio in the format {word}")))?;
    let data = match Given::read(data) {
        Ok(Given::Inline(it)) => it.data,
        _ => data,
    };
    Ok(Media { format, source: Source::Bytes(Cow::Borrowed(data)) })
}

fn file<'a>(
    data: &'a str,
    filename: Option<&str>,
    names: &mut Names,
) -> Result<Block<'a>, Unsupported> {
    let media_type = match Given::read(data)? {
        Given::Inline(it) => it.media_type,
        Given::Remote(_) => Cow::Borrowed(""),
    };
    if media_type.starts_with("image/") {
        return media(data, IMAGES, "an image").map(Block::Image);
    }
    if media_type.starts_with("video/") {
        return media(data, FILMS, "a video").map(Block::Video);
    }
    let (format, source) = match located(data, DOCUMENTS, "a file") {
        Err(_) if media_type.starts_with("text/") => {
            let Given::Inline(it) = Given::read(data)? else {
                return Err(unknown("a file", &media_type));
            };
            ("txt", Source::Bytes(Cow::Borrowed(it.data)))
        }
        other => other?,
    };
    Ok(Block::Document(Document { format, name: names.give(filename), source }))
}

impl Names {
    /// A name for a document: letters, digits, single spaces, hyphens, brackets and parentheses
    /// are allowed, and a name may stand only once.
    fn give(&mut self, filename: Option<&str>) -> String {
        let stem = filename.map_or("", |name| name.rsplit_once('.').map_or(name, |(stem, _)| stem));
        let mut name = String::with_capacity(stem.len());
        for character in stem.chars().take(NAME_CHARACTERS_MAX) {
            match character {
                _ if character.is_whitespace() => {
                    if !name.ends_with(' ') {
                        name.push(' ');
                    }
                }
                '-' | '(' | ')' | '[' | ']' => name.push(character),
                _ if character.is_ascii_alphanumeric() => name.push(character),
                _ => name.push('-'),
            }
        }
        let name = match name.trim() {
            "" => "document",
            name => name,
        };
        let wanted = self.0.entry(name.to_owned()).or_insert(0);
        *wanted = wanted.saturating_add(1);
        if *wanted == 1 { name.to_owned() } else { format!("{name} [{wanted}]") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_documents_are_made_to_fit() {
        let mut names = Names::default();
        for (given, expected) in [
            (Some("report.pdf"), "report"),
            (Some("report.docx"), "report [2]"),
            (Some("Ümläut  v1.2\t(final)_x.pdf"), "-ml-ut v1-2 (final)-x"),
            (Some(".pdf"), "document"),
            (None, "document [2]"),
        ] {
            assert_eq!(names.give(given), expected, "{given:?}");
        }
    }
}
