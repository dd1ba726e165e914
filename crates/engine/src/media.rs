//! Putting what a request points to into the request, for providers that fetch nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::task::JoinSet;
use tollgate_providers::{Fault, FaultKind};
use tollgate_upstream::{Media, MediaError, MediaFetcher};
use tollgate_wire::Call;
use tollgate_wire::error::BadRequest;
use tollgate_wire::operation::OperationCall;

/// Most addresses fetched for one call.
const ADDRESSES_MAX: usize = 32;
/// Most bytes fetched for one call: with their base64 they are held in memory.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Something a request points to.
#[derive(Debug)]
struct Pointed {
    url: String,
    /// Whether it is to be an image; anything else may be anything.
    is_image: bool,
}

/// A conversation with every image and document inside; `None` when it points to nothing.
///
/// Cancel safe: dropped, it stops fetching.
///
/// # Errors
///
/// Names the address that can't be fetched, and why: the caller's to mend.
pub(crate) async fn inlined_conversation(
    fetcher: &MediaFetcher,
    call: &Call,
) -> Result<Option<Box<Call>>, Fault> {
    let chat = call.chat().map_err(|error| rejected(&error))?;
    let remote = chat.remote_media();
    let pointed =
        remote.iter().map(|it| Pointed { url: it.url.clone(), is_image: !it.is_file }).collect();
    let Some(uris) = fetch_all(fetcher, pointed).await? else { return Ok(None) };
    let media: Vec<_> = remote.into_iter().zip(uris).collect();
    let inlined = call.with_media(&media).map_err(|error| rejected(&error))?;
    Ok(Some(Box::new(inlined)))
}

/// As [`inlined_conversation`].
pub(crate) async fn inlined_operation(
    fetcher: &MediaFetcher,
    call: &OperationCall,
) -> Result<Option<Box<OperationCall>>, Fault> {
    let remote = call.remote_media();
    let pointed = remote.iter().map(|url| Pointed { url: url.clone(), is_image: false }).collect();
    let Some(uris) = fetch_all(fetcher, pointed).await? else { return Ok(None) };
    let media: Vec<_> = remote.into_iter().zip(uris).collect();
    Ok(Some(Box::new(call.with_media(&media))))
}

/// What the addresses hold, as data URIs in the same order; `None` when there are none.
async fn fetch_all(
    fetcher: &MediaFetcher,
    pointed: Vec<Pointed>,
) -> Result<Option<Vec<String>>, Fault> {
    if pointed.is_empty() {
        return Ok(None);
    }
    if pointed.len() > ADDRESSES_MAX {
        let message = format!("At most {ADDRESSES_MAX} images and files can be given by address");
        return Err(Fault::with_message(FaultKind::BadRequest, &message));
    }
    let mut fetching = JoinSet::new();
    for (place, media) in pointed.into_iter().enumerate() {
        let fetcher = fetcher.clone();
        fetching.spawn(async move {
            let found = fetcher.fetch(&media.url).await;
            (place, media, found)
        });
    }
    let mut found_all = Vec::new();
    let mut bytes = 0_usize;
    while let Some(joined) = fetching.join_next().await {
        let Ok((place, media, found)) = joined else {
            return Err(Fault::with_message(FaultKind::Broken, "An address could not be fetched"));
        };
        let found = found.map_err(|error| unfetched(&media, &error))?;
        bytes = bytes.saturating_add(found.bytes.len());
        if bytes > BYTES_MAX {
            return Err(unfetched(&media, &MediaError::TooLarge(BYTES_MAX)));
        }
        let uri = data_uri(&media, &found)?;
        found_all.push((place, uri));
    }
    found_all.sort_unstable_by_key(|(place, _)| *place);
    Ok(Some(found_all.into_iter().map(|(_, uri)| uri).collect()))
}

/// What came as a data URI. Its type is what its bytes say; servers are often wrong about it.
fn data_uri(media: &Pointed, found: &Media) -> Result<String, Fault> {
    let known = sniffed(&found.bytes);
    let media_type = known.unwrap_or(&found.media_type);
    if media.is_image && !(known.is_some() || is_rare_image(media_type, &found.bytes)) {
        let is_told = !media_type.is_empty() && !media_type.starts_with("image/");
        let what = if is_told { media_type } else { "something else" };
        let message = format!("{} is not an image but {what}", shown(&media.url));
        return Err(Fault::with_message(FaultKind::BadRequest, &message));
    }
    let media_type = if media_type.is_empty() { "application/octet-stream" } else { media_type };
    Ok(format!("data:{media_type};base64,{}", STANDARD.encode(&found.bytes)))
}

/// Whether it may be an image of a type that the contract does not know, which is for the provider
/// to judge. Nothing, a page and what is compressed are none.
fn is_rare_image(media_type: &str, bytes: &[u8]) -> bool {
    let is_page = bytes.trim_ascii_start().starts_with(b"<") && media_type != "image/svg+xml";
    let is_compressed = bytes.starts_with(&[0x1f, 0x8b]);
    media_type.starts_with("image/") && !(bytes.is_empty() || is_page || is_compressed)
}

/// The types that the contract knows (§2.2), by how their files begin.
fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("application/pdf"),
        _ => None,
    }
}

fn rejected(error: &BadRequest) -> Fault {
    Fault::with_message(FaultKind::BadRequest, error.message())
}

fn unfetched(media: &Pointed, error: &MediaError) -> Fault {
    let message = format!("{} can't be fetched: {error}", shown(&media.url));
    Fault::with_message(FaultKind::BadRequest, &message)
}

/// An address as a message shows it: without its query, which may be a signature.
fn shown(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    bare.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_image_is_refused_whatever_it_is_called() {
        let media = |is_image| Pointed { url: "https://x.test/a?key=1".to_owned(), is_image };
        let png: &[u8] = b"\x89PNG\r\n\x1a\n";
        for (is_image, media_type, bytes, expected) in [
            (true, "text/plain", png, Ok("data:image/png;base64,iVBORw0KGgo=")),
            (true, "image/avif", b"avif".as_slice(), Ok("data:image/avif;base64,YXZpZg==")),
            (true, "image/svg+xml", b"<svg/>", Ok("data:image/svg+xml;base64,PHN2Zy8+")),
            (
                true,
                "image/png",
                b"<html>",
                Err("https://x.test/a is not an image but something else"),
            ),
            (true, "image/png", b"", Err("https://x.test/a is not an image but something else")),
            (
                true,
                "image/png",
                b"\x1f\x8b\x08",
                Err("https://x.test/a is not an image but something else"),
            ),
            (true, "text/html", b"<html>", Err("https://x.test/a is not an image but text/html")),
            (false, "text/html", b"<p>", Ok("data:text/html;base64,PHA+")),
            (false, "", b"x", Ok("data:application/octet-stream;base64,eA==")),
        ] {
            let found = Media { media_type: media_type.to_owned(), bytes: bytes.to_vec().into() };
            let uri = data_uri(&media(is_image), &found);
            let uri = uri.map_err(|fault| fault.message.unwrap_or_default());
            assert_eq!(uri, expected.map(str::to_owned).map_err(str::to_owned), "{media_type}");
        }
    }
}
