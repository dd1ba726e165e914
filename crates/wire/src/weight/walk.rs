//! One walk over a conversation that tells media from text by where it stands and what is said of
//! it, in all dialects.

use smallvec::SmallVec;

use super::{Weight, count};
use crate::gemini::is_film;
use crate::json::{ScanError, Scanner};

/// Deepest containers looked into; what is deeper is text.
const LOOKED_INTO_MAX: usize = 128;
/// Containers within containers that take no allocation.
const USUAL_DEPTH: usize = 16;
/// What a data URI begins with.
const DATA: &[u8] = b"data:";
/// As far into an address its scheme has ended, whatever stands before it.
const SCHEME_MAX: usize = 64;
/// Quotes and a comma around a string or a colon behind a key; brackets of a container.
const AROUND_STRING: u64 = 3;
const AROUND_OTHERS: u64 = 1;

/// An open container.
#[derive(Debug, Clone, Copy, Default)]
struct Open<'a> {
    is_object: bool,
    has_begun: bool,
    /// The key it stands under; in an array, the array's.
    key: &'a [u8],
    /// Its `type`.
    kind: &'a [u8],
    /// What it says its data is.
    media_type: &'a [u8],
    /// Bytes of what may be data.
    data: u64,
    /// Names and addresses that say nothing of what they stand for.
    pointed: u64,
    /// Google's address of a file.
    uri: Option<&'a [u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Image,
    Recording,
    Document,
    Text,
}

/// Adds to `weight` what a value that stands under `name` has.
pub(super) fn weigh(text: &[u8], name: &[u8], weight: &mut Weight) -> Result<(), ScanError> {
    let mut scanner = Scanner::new(text);
    let mut open: SmallVec<[Open<'_>; USUAL_DEPTH]> = SmallVec::new();
    let mut key = name;
    loop {
        match scanner.peek() {
            Some(start @ (b'{' | b'[')) if open.len() < LOOKED_INTO_MAX => {
                let is_object = start == b'{';
                if is_object {
                    scanner.begin_object()?;
                } else {
                    scanner.begin_array()?;
                }
                add(&mut weight.text, 2 * AROUND_OTHERS);
                open.push(Open { is_object, key, ..Open::default() });
            }
            start => {
                let span = scanner.value()?;
                let value = text.get(span).unwrap_or_default();
                match (start, value) {
                    (Some(b'"'), [b'"', inner @ .., b'"']) => {
                        string(inner, key, open.last_mut(), weight);
                    }
                    _ => add(&mut weight.text, count(value.len()) + AROUND_OTHERS),
                }
            }
        }
        // Moves to the next value, closing what ends before it.
        loop {
            let Some(container) = open.last_mut() else { return Ok(()) };
            let first = !container.has_begun;
            container.has_begun = true;
            let more = if container.is_object {
                let member = scanner.next_member(first)?;
                key = member.unwrap_or_default();
                add(&mut weight.text, count(key.len()) + AROUND_STRING);
                member.is_some()
            } else {
                key = container.key;
                scanner.next_element(first)?
            };
            if more {
                break;
            }
            if let Some(closed) = open.pop() {
                close(closed, open.last_mut(), weight);
            }
        }
    }
}

/// A string: media where such stand, or text. What only its neighbours explain waits for the end of
/// its container.
fn string<'a>(text: &'a [u8], key: &[u8], within: Option<&mut Open<'a>>, weight: &mut Weight) {
    let mut root = Open::default();
    let within = within.unwrap_or(&mut root);
    match (key, within.key) {
        (b"type", _) => within.kind = text,
        (b"media_type" | b"mimeType" | b"mime_type", _) => within.media_type = text,
        (b"image_url", _) | (b"url", b"image_url") => return reference(text, Kind::Image, weight),
        (b"images" | b"image", _) if is_address(text) || is_data(text) => {
            return reference(text, Kind::Image, weight);
        }
        (b"images" | b"image", _) if within.kind.is_empty() => {
            return inside(Kind::Image, count(text.len()), weight);
        }
        (b"video_url", _) | (b"url", b"video_url") => {
            return reference(text, Kind::Recording, weight);
        }
        (b"file_data" | b"file_url", _) => return reference(text, Kind::Document, weight),
        (b"fileUri" | b"file_uri", _) => within.uri = Some(text),
        (b"file_id", _) | (b"url", b"source") => add(&mut within.pointed, 1),
        (b"data" | b"result", _) => {
            add(&mut within.data, count(text.len()));
            return;
        }
        _ => {}
    }
    add(&mut weight.text, count(text.len()) + AROUND_STRING);
}

/// A container has ended: now it is known what its data is.
fn close<'a>(closed: Open<'a>, around: Option<&mut Open<'a>>, weight: &mut Weight) {
    let Open { key, kind, media_type, data, mut pointed, uri, .. } = closed;
    if data > 0 {
        let what = match (key, kind) {
            (b"input_audio", _) | (_, b"input_audio") => Kind::Recording,
            (_, b"image_generation_call") => Kind::Image,
            // A source that says so has its text as text.
            (b"source", b"text") => Kind::Text,
            (b"source" | b"inlineData" | b"inline_data", _) => of_type(media_type),
            _ => Kind::Text,
        };
        inside(what, data, weight);
    }
    if let Some(uri) = uri {
        match of_type(media_type) {
            _ if is_film(uri) => add(&mut weight.pointed_contexts, 1),
            Kind::Image => add(&mut weight.remote_images, 1),
            Kind::Recording => add(&mut weight.pointed_contexts, 1),
            _ => add(&mut weight.pointed_documents, 1),
        }
    }
    // What a source points to is what the block around it says.
    if key == b"source"
        && let Some(around) = around
    {
        add(&mut around.pointed, std::mem::take(&mut pointed));
    }
    match kind {
        b"image" | b"input_image" | b"computer_screenshot" => {
            add(&mut weight.remote_images, pointed);
        }
        _ => add(&mut weight.pointed_documents, pointed),
    }
}

/// Media as a data URI, or where it is found.
fn reference(text: &[u8], expected: Kind, weight: &mut Weight) {
    let length = count(text.len());
    let text = text.trim_ascii_start();
    if is_data(text) {
        // Some providers take documents and films where others have pictures.
        let what = match (expected, of_type(text.get(DATA.len()..).unwrap_or_default())) {
            (Kind::Recording, _) => Kind::Recording,
            (_, what) => what,
        };
        return inside(what, length, weight);
    }
    match expected {
        _ if is_film(text) => add(&mut weight.pointed_contexts, 1),
        Kind::Image => add(&mut weight.remote_images, 1),
        Kind::Recording => add(&mut weight.pointed_contexts, 1),
        Kind::Document if is_address(text) => add(&mut weight.pointed_documents, 1),
        Kind::Document | Kind::Text => return inside(expected, length, weight),
    }
    // Addresses are short: what is long and no media is text, whatever it is called.
    inside(Kind::Text, length, weight);
}

fn inside(what: Kind, bytes: u64, weight: &mut Weight) {
    match what {
        Kind::Image => {
            add(&mut weight.images, 1);
            add(&mut weight.image_bytes, bytes);
        }
        Kind::Recording => add(&mut weight.recorded_bytes, bytes),
        Kind::Document => add(&mut weight.document_bytes, bytes),
        Kind::Text => add(&mut weight.text, bytes + AROUND_STRING),
    }
}

/// What data of a media type is; of none, a document.
fn of_type(media_type: &[u8]) -> Kind {
    let is = |prefix: &[u8]| {
        media_type.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix))
    };
    if is(b"image/") {
        Kind::Image
    } else if is(b"audio/") || is(b"video/") {
        Kind::Recording
    } else {
        Kind::Document
    }
}

/// Whether it is an address, of whatever scheme, rather than Base64, which has no colons.
fn is_address(text: &[u8]) -> bool {
    text.get(..SCHEME_MAX).unwrap_or(text).contains(&b':')
}

fn is_data(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    text.get(..DATA.len()).is_some_and(|it| it.eq_ignore_ascii_case(DATA))
}

const fn add(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}
