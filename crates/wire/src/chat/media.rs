//! Media a chat request only points to, and the same request with it inside.

use std::ops::Range;

use bytes::Bytes;

use crate::chat::ChatCall;
use crate::error::BadRequest;
use crate::json::{Leaf, RawObject, leaves, write_string};

/// An image or a document given by its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteMedia {
    /// The address: an http or https URL.
    pub url: String,
    /// Whether it is given as a document rather than as an image.
    pub is_file: bool,
    /// Where the address stands in the body, without its quotes.
    place: Range<usize>,
}

impl ChatCall {
    /// The images and documents of the messages that are given by their address.
    pub fn remote_media(&self) -> Vec<RemoteMedia> {
        let text = self.object().text();
        let messages = self.object().members_at().find(|(name, _, _)| *name == "messages");
        let mut found = Vec::new();
        let Some((_, _, offset)) = messages else { return found };
        // The body was walked before: it is JSON.
        let walked = leaves(text.as_bytes(), offset, |leaf| found.extend(remote(&leaf)));
        if walked.is_ok() { found } else { Vec::new() }
    }

    /// The same call with every address replaced by what it holds, as a data URI.
    ///
    /// # Errors
    ///
    /// Never for addresses that [`remote_media`](Self::remote_media) gave.
    pub fn with_media(&self, media: &[(RemoteMedia, String)]) -> Result<Self, BadRequest> {
        let text = self.object().text();
        let added = media.iter().map(|(_, uri)| uri.len()).sum::<usize>();
        let mut body = Vec::with_capacity(text.len().saturating_add(added));
        let mut copied = 0;
        for (remote, uri) in media {
            // The quotes are written with the address.
            let before = copied..remote.place.start.saturating_sub(1);
            body.extend_from_slice(text.get(before).unwrap_or_default().as_bytes());
            write_string(&mut body, uri);
            copied = remote.place.end.saturating_add(1);
        }
        body.extend_from_slice(text.get(copied..).unwrap_or_default().as_bytes());
        Self::translated(RawObject::read(Bytes::from(body))?)
    }
}

/// Hosts whose addresses only Gemini can follow: its own files, which need its key, and films that
/// are a page to anybody else.
const GOOGLES: [&str; 4] =
    ["generativelanguage.googleapis.com", "www.youtube.com", "youtube.com", "youtu.be"];

fn remote(leaf: &Leaf<'_>) -> Option<RemoteMedia> {
    let is_file = match (leaf.parent, leaf.key) {
        (b"image_url", b"url") | (_, b"image_url") => false,
        (b"file", b"file_data") => true,
        _ => return None,
    };
    let quoted = [b"\"", leaf.text, b"\""].concat();
    let url: String = serde_json::from_slice(&quoted).ok()?;
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_web = ["http", "https"].iter().any(|it| scheme.eq_ignore_ascii_case(it));
    if !is_web || GOOGLES.iter().any(|it| host.eq_ignore_ascii_case(it)) {
        return None;
    }
    Some(RemoteMedia { url, is_file, place: leaf.offset..leaf.offset + leaf.text.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_and_replaced() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":[
            {"type":"image_url","image_url":{"url":"https:\/\/x.test/a.png"}},
            {"type":"image_url","image_url":"http://x.test/b.png"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}},
            {"type":"file","file":{"filename":"c","file_data":"https://x.test/c.pdf"}},
            {"type":"text","text":"https://x.test/d.png"}]},
            {"role":"assistant","content":"x","annotations":[{"type":"url_citation","url_citation":{"url":"https://x.test"}}]}],"last":1}"#;
        let call = ChatCall::read(Bytes::from(body)).unwrap();
        let media = call.remote_media();
        let seen: Vec<(&str, bool)> =
            media.iter().map(|it| (it.url.as_str(), it.is_file)).collect();
        assert_eq!(
            seen,
            [
                ("https://x.test/a.png", false),
                ("http://x.test/b.png", false),
                ("https://x.test/c.pdf", true)
            ]
        );
        let inline: Vec<_> =
            media.into_iter().zip(["data:,a", "data:,b", "data:,c"].map(str::to_owned)).collect();
        let expected = body
            .replace("https:\\/\\/x.test/a.png", "data:,a")
            .replace("http://x.test/b.png", "data:,b")
            .replace("https://x.test/c.pdf", "data:,c");
        assert_eq!(call.with_media(&inline).unwrap().object().text(), expected);
    }
}
