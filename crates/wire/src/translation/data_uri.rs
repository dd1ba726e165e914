//! Where media is: an address, or the media itself as a data URI (RFC 2397).

use std::borrow::Cow;
use std::fmt::Display;

use crate::error::BadRequest;
use crate::json::kind_of;
use crate::translation::base64;

/// As much of an address as its scheme and what follows it may take.
const HEAD_BYTES: usize = 64;

/// Refuses an image that is given by neither: `json` is the string as the client wrote it. Which
/// schemes are read is for each provider to say.
pub(crate) fn check_image(path: impl Display, json: &[u8]) -> Result<(), BadRequest> {
    let text = json.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\""));
    match text {
        Some(text) if is_astray(text) => Err(astray(path, text)),
        // What has the wrong type is named where it is read.
        Some(_) | None => Ok(()),
    }
}

/// Whether what stands for an image is neither an address nor the image itself: the inside of a
/// JSON string, of which only the beginning is looked at.
pub(crate) fn is_astray(text: &[u8]) -> bool {
    let head = text.get(..text.len().min(HEAD_BYTES)).unwrap_or_default();
    let head: Vec<u8> = head.iter().copied().filter(|byte| *byte != b'\\').collect();
    let is_data = head.get(..5).is_some_and(|it| it.eq_ignore_ascii_case(b"data:"));
    !is_data && memchr::memmem::find(&head, b"://").is_none()
}

/// Says so.
pub(crate) fn astray(path: impl Display, text: &[u8]) -> BadRequest {
    let head = text.get(..text.len().min(HEAD_BYTES)).unwrap_or_default();
    let shown = kind_of(&format!("\"{}\"", String::from_utf8_lossy(head)));
    BadRequest::image(format!("{path}: Expected an http(s) URL or a data URI, received {shown}"))
}

/// A data URI in base64, which is the only form that providers read: one whose data is text with
/// escapes is written anew. Everything else stays as it is.
pub(crate) fn in_base64(uri: Cow<'_, str>) -> Cow<'_, str> {
    let Some((scheme, rest)) = uri.split_at_checked("data:".len()) else { return uri };
    let Some((head, data)) = rest.split_once(',') else { return uri };
    let is_base64 = head.split(';').any(|word| word.trim().eq_ignore_ascii_case("base64"));
    if is_base64 || !scheme.eq_ignore_ascii_case("data:") {
        return uri;
    }
    Cow::Owned(format!("{scheme}{head};base64,{}", base64::encode(&unescaped(data))))
}

/// The bytes of a text with `%XX` escapes. What is no escape stands for itself, as browsers have it.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escape = behind.split_at_checked(2).filter(|_| *first == b'%');
        let decoded = escape.and_then(|(digits, behind)| Some((hexadecimal(digits)?, behind)));
        let (byte, behind) = decoded.unwrap_or((*first, behind));
        bytes.push(byte);
        rest = behind;
    }
    bytes
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0_u8, |held, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some((held << 4) | u8::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_data_becomes_base64() {
        for (uri, expected) in [
            ("data:image/svg+xml,%3Csvg/%3e", "data:image/svg+xml;base64,PHN2Zy8+"),
            ("data:text/plain;charset=utf-8,a%c3%bc", "data:text/plain;charset=utf-8;base64,YcO8"),
            ("DATA:,100%,%zz%4", "DATA:;base64,MTAwJSwlenolNA=="),
            ("data:,", "data:;base64,"),
            ("data:image/png;base64,AA%3D", "data:image/png;base64,AA%3D"),
            ("data:image/png; Base64,AA", "data:image/png; Base64,AA"),
            ("data:image/png", "data:image/png"),
            ("https://x.test/a,b", "https://x.test/a,b"),
            ("", ""),
        ] {
            assert_eq!(in_base64(Cow::Borrowed(uri)), expected, "{uri}");
        }
    }

    #[test]
    fn an_image_has_a_scheme() {
        for json in [
            r#""https://x.test/a.png""#,
            r#""https:\/\/x.test\/a.png""#,
            r#""DATA:image/png;base64,AA""#,
            r#""gs://bucket/a.png""#,
            "7",
        ] {
            assert_eq!(check_image("url", json.as_bytes()), Ok(()), "{json}");
        }
        for json in [r#""""#, r#""x.test/a.png""#, r#""//x.test/a.png""#, r#""iVBORw0KGgo=""#] {
            let error = check_image("a.url", json.as_bytes()).unwrap_err();
            assert_eq!(error.error_type(), crate::error::ErrorType::InvalidImage);
            let expected = "a.url: Expected an http(s) URL or a data URI, received string ";
            assert_eq!(error.message(), format!("{expected}{json}"));
        }
    }
}
