//! Messages become chat's.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::kind_of;
use crate::translation::base64;
use crate::translation::call_ids::CallIds;
use crate::translation::outgoing::{ChatContent, ChatMessage, ChatPart, ChatToolCall};
use crate::translation::parse;

#[derive(Deserialize)]
struct MessageObject<'a> {
    #[serde(borrow)]
    role: Cow<'a, str>,
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    thinking: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    images: Option<Vec<Cow<'a, str>>>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<ToolCallObject<'a>>>,
    #[serde(borrow, default)]
    tool_name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tool_call_id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct ToolCallObject<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    function: FunctionObject<'a>,
}

#[derive(Deserialize)]
struct FunctionObject<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

/// Translates the messages.
pub(super) fn read<'a>(raw: &'a RawValue) -> Result<Vec<ChatMessage<'a>>, BadRequest> {
    let raw: Vec<&'a RawValue> = parse("messages", raw)?;
    let mut objects: Vec<MessageObject<'a>> = Vec::with_capacity(raw.len());
    for (index, raw) in raw.into_iter().enumerate() {
        objects.push(parse(&format!("messages.{index}"), raw)?);
    }
    let calls = objects.iter().flat_map(|it| it.tool_calls.iter().flatten());
    let mut ids = CallIds::new(calls.filter_map(|it| it.id.clone()));
    let mut has_calls = false;
    let mut messages = Vec::with_capacity(objects.len());
    for (index, object) in objects.into_iter().enumerate() {
        let path = format!("messages.{index}");
        let message = match object.role.to_ascii_lowercase().as_str() {
            "assistant" => object.assistant(&path, &mut ids)?,
            "tool" => object.tool(&mut ids, has_calls),
            "system" => object.plain("system"),
            "developer" => object.plain("developer"),
            _ => object.plain("user"),
        };
        has_calls |= !message.tool_calls.is_empty();
        messages.push(message);
    }
    Ok(messages)
}

impl<'a> MessageObject<'a> {
    fn plain(self, role: &'static str) -> ChatMessage<'a> {
        let content = content(self.content, self.images);
        ChatMessage { role, content, name: self.name, ..ChatMessage::default() }
    }

    fn tool(self, ids: &mut CallIds<'a>, has_calls: bool) -> ChatMessage<'a> {
        let name = self.tool_name.or(self.name);
        let id = ids.of_result(self.tool_call_id.as_ref(), name.as_ref());
        ChatMessage {
            role: "tool",
            content: content(self.content, self.images),
            // Whoever reads the conversation finds the tool by the call; where there is none, here.
            name: name.filter(|_| !has_calls),
            tool_call_id: Some(id),
            ..ChatMessage::default()
        }
    }

    fn assistant(self, path: &str, ids: &mut CallIds<'a>) -> Result<ChatMessage<'a>, BadRequest> {
        let mut tool_calls = Vec::new();
        for (index, call) in self.tool_calls.unwrap_or_default().into_iter().enumerate() {
            let path = format!("{path}.tool_calls.{index}.function.arguments");
            let arguments = arguments(&path, call.function.arguments)?;
            let id = ids.of_call(call.id.as_ref(), &call.function.name);
            tool_calls.push(ChatToolCall::new(id, call.function.name, arguments));
        }
        let text = self.content.filter(|it| !it.is_empty());
        let content = match text {
            None if !tool_calls.is_empty() => ChatContent::Nothing,
            text => ChatContent::Text(text.unwrap_or_default()),
        };
        Ok(ChatMessage {
            role: "assistant",
            content,
            reasoning: self.thinking.filter(|it| !it.is_empty()),
            tool_calls,
            images: self.images.unwrap_or_default().into_iter().map(image).collect(),
            ..ChatMessage::default()
        })
    }
}

fn content<'a>(text: Option<Cow<'a, str>>, images: Option<Vec<Cow<'a, str>>>) -> ChatContent<'a> {
    let text = text.unwrap_or_default();
    let images = images.unwrap_or_default();
    if images.is_empty() {
        return ChatContent::Text(text);
    }
    let text = (!text.is_empty()).then(|| ChatPart::text(text));
    ChatContent::of(text.into_iter().chain(images.into_iter().map(image)).collect())
}

/// Arguments are an object; some clients keep the text that chat has.
fn arguments<'a>(path: &str, raw: Option<&'a RawValue>) -> Result<Cow<'a, str>, BadRequest> {
    let given = raw.map_or("null", RawValue::get);
    match given.as_bytes().first() {
        Some(b'{') => Ok(Cow::Borrowed(given)),
        Some(b'n') => Ok(Cow::Borrowed("{}")),
        Some(b'"') => serde_json::from_str(given)
            .map(Cow::Owned)
            .map_err(|_| BadRequest::new(format!("{path}: Expected object"))),
        _ => Err(BadRequest::new(format!("{path}: Expected object, received {}", kind_of(given)))),
    }
}

/// An image is base64 and nothing else: what it is shows in its first bytes. Sound is given as an
/// image too.
fn image(data: Cow<'_, str>) -> ChatPart<'_> {
    if data.starts_with("data:") || is_remote(data.as_bytes()) {
        return ChatPart::image(data, None);
    }
    let data = base64::standard(data);
    ChatPart::inline(media_type(data.as_bytes()), data, None, None)
}

/// Whether an image is given by its address, which the API does not have but clients try.
pub(super) fn is_remote(image: &[u8]) -> bool {
    image.starts_with(b"https://") || image.starts_with(b"http://")
}

/// What kind of medium is given as an image: its type up to the slash.
pub(super) fn kind(image: &[u8]) -> &'static str {
    let is_image = image.starts_with(b"data:") || is_remote(image);
    let media_type = if is_image { "image/png" } else { media_type(image) };
    media_type.split('/').next().unwrap_or_default()
}

/// Media types by how their bytes begin, and where that stands.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (0, b"%PDF", "application/pdf"),
    (8, b"WAVE", "audio/wav"),
    (0, b"ID3", "audio/mpeg"),
];

/// What a file is; PNG where its bytes don't tell.
fn media_type(data: &[u8]) -> &'static str {
    let start = base64::decode(data.get(..data.len().min(24)).unwrap_or_default());
    let start = start.unwrap_or_default();
    // A frame of MPEG audio begins with eleven bits set.
    if matches!(start.as_slice(), [0xff, second, ..] if second & 0xe0 == 0xe0) {
        return "audio/mpeg";
    }
    SIGNATURES
        .iter()
        .find(|(at, bytes, _)| start.get(*at..).is_some_and(|rest| rest.starts_with(bytes)))
        .map_or("image/png", |(_, _, media_type)| *media_type)
}
