//! How much of a call's body is media rather than text: nobody reads a picture by the byte.

use crate::Call;
use crate::json::{Leaf, leaves};

/// Bytes of media within a body, in Base64.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InlineMedia {
    /// Of pictures, which are billed by the piece.
    pub images: u64,
    /// Of audio and video, which are billed by the second.
    pub recordings: u64,
}

/// Where conversations have their media, in all dialects.
const CONVERSATIONS: [&str; 4] = ["messages", "input", "contents", "prompt"];

impl Call {
    /// What of the body is media. It walks the whole conversation: ask only where it may matter.
    ///
    /// Documents are none: they are read as text. Where a conversation has documents and pictures
    /// whose data can't be told apart by where it stands, all counts as documents.
    pub fn inline_media(&self) -> InlineMedia {
        let survey = self.survey();
        let mut found = InlineMedia::default();
        for raw in CONVERSATIONS.into_iter().filter_map(|name| self.member(name)) {
            let visit = |leaf: Leaf<'_>| {
                let bytes = u64::try_from(leaf.text.len()).unwrap_or(u64::MAX);
                let kind = match (leaf.parent, leaf.key) {
                    (b"image_url", b"url") | (_, b"image_url" | b"images") => Kind::Image,
                    (b"input_audio", b"data") | (b"video_url", b"url") => Kind::Recording,
                    // Anthropic's and Google's: what it is stands beside it.
                    (b"source" | b"inlineData" | b"inline_data", b"data") => {
                        match (survey.files, survey.images > 0, survey.audio || survey.video) {
                            (false, true, false) => Kind::Image,
                            // Of pictures and recordings, what counts for more.
                            (false, _, true) => Kind::Recording,
                            _ => Kind::Text,
                        }
                    }
                    _ => Kind::Text,
                };
                match kind {
                    Kind::Image => found.images = found.images.saturating_add(bytes),
                    Kind::Recording => found.recordings = found.recordings.saturating_add(bytes),
                    Kind::Text => {}
                }
            };
            // What was read as a call is JSON.
            if leaves(raw.as_bytes(), 0, visit).is_err() {
                return InlineMedia::default();
            }
        }
        found
    }
}

enum Kind {
    Image,
    Recording,
    Text,
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Address, Dialect};

    fn found(dialect: Dialect, body: &Value) -> (u64, u64) {
        let body = Bytes::from(body.to_string());
        let address = Address { model: Some("a/m".to_owned()), ..Address::default() };
        let call = Call::read(dialect, body, address).map_err(|it| it.message().to_owned());
        let media = call.unwrap().inline_media();
        (media.images, media.recordings)
    }

    #[test]
    fn media_is_told_from_text_in_every_dialect() {
        let data = "A".repeat(1_000);
        let image = format!("data:image/png;base64,{data}");
        let of_image = 1_022;
        let user = |content: Value| json!([{ "role": "user", "content": content }]);
        let parts = |parts: Value| json!({ "model": "a/m", "messages": user(parts) });
        let chat = parts(json!([
            { "type": "image_url", "image_url": { "url": image } },
            { "type": "input_audio", "input_audio": { "data": data, "format": "wav" } },
            { "type": "file", "file": { "file_data": data } },
            { "type": "text", "text": data },
        ]));
        assert_eq!(found(Dialect::Chat, &chat), (of_image, 1_000));
        let responses = json!({ "model": "a/m", "input": user(json!([
            { "type": "input_image", "image_url": image },
            { "type": "input_text", "text": data },
        ])) });
        assert_eq!(found(Dialect::Responses, &responses), (of_image, 0));
        let base64 = |kind: &str, media: &str| {
            json!({ "type": kind,
            "source": { "type": "base64", "media_type": media, "data": data } })
        };
        let with = |blocks: Value| {
            let mut body = parts(blocks);
            body["max_tokens"] = 5.into();
            body
        };
        let messages = with(json!([base64("image", "image/png")]));
        assert_eq!(found(Dialect::Messages, &messages), (1_000, 0));
        let document = base64("document", "application/pdf");
        let mixed = with(json!([base64("image", "image/png"), document]));
        assert_eq!(found(Dialect::Messages, &mixed), (0, 0));
        let inline = |media: &str| {
            json!({ "contents": [{ "role": "user", "parts": [
            { "inlineData": { "mimeType": media, "data": data } }, { "text": data },
        ] }] })
        };
        assert_eq!(found(Dialect::Gemini, &inline("image/png")), (1_000, 0));
        assert_eq!(found(Dialect::Gemini, &inline("audio/wav")), (0, 1_000));
        assert_eq!(found(Dialect::Gemini, &inline("application/pdf")), (0, 0));
        let ollama = json!({ "model": "a/m", "messages": [
            { "role": "user", "content": "x", "images": [data] },
        ] });
        assert_eq!(found(Dialect::Ollama, &ollama), (1_000, 0));
        // Elsewhere in the body it is whatever it is.
        let mut elsewhere = parts(json!("x"));
        elsewhere["prediction"] = json!({ "image_url": { "url": image } });
        assert_eq!(found(Dialect::Chat, &elsewhere), (0, 0));
    }
}
