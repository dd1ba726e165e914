//! Messages become the server's: one text each, images and sounds beside it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::{self, Message, Role};

use crate::Unsupported;
use crate::encoding::{Media, arguments, prefixed};
use crate::replay::{failed, thoughts};

/// A message.
#[derive(Debug, Default, Serialize)]
pub(super) struct Turn<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Cow<'a, str>>,
    /// Base64, of sounds too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

/// A call of a tool.
#[derive(Debug, Serialize)]
struct ToolCall<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    index: usize,
    name: &'a str,
    /// Always an object.
    arguments: Cow<'a, RawValue>,
}

/// Reads the messages.
pub(super) fn read<'a>(messages: &'a [Message<'a>]) -> Result<Vec<Turn<'a>>, Unsupported> {
    // Functions by the id of the call: a result names its function.
    let mut names: HashMap<&str, &str> = HashMap::new();
    let mut turns = Vec::with_capacity(messages.len());
    for message in messages {
        names.extend(message.tool_calls.iter().map(|call| (call.id.as_ref(), call.name.as_ref())));
        let (content, images) = content(message)?;
        let turn = Turn { content, images, ..Turn::default() };
        turns.push(match message.role {
            Role::System | Role::Developer => Turn { role: "system", ..turn },
            Role::User => {
                let content = match message.name.as_deref() {
                    Some(name) => Cow::Owned(prefixed(Some(name), &turn.content).into_owned()),
                    None => turn.content,
                };
                Turn { role: "user", content, ..turn }
            }
            Role::Assistant => assistant(message, turn),
            Role::Tool => {
                let tool_call_id = message.tool_call_id.as_deref();
                let known = tool_call_id.and_then(|id| names.get(id).copied());
                let tool_name = known.or(message.name.as_deref());
                let content = if message.is_error { failed(turn.content) } else { turn.content };
                Turn { role: "tool", content, tool_name, tool_call_id, ..turn }
            }
        });
    }
    Ok(turns)
}

fn assistant<'a>(message: &'a Message<'a>, turn: Turn<'a>) -> Turn<'a> {
    let refusal = message.refusal.as_deref().unwrap_or_default();
    let tool_calls = message.tool_calls.iter().enumerate().map(|(index, call)| ToolCall {
        id: &call.id,
        function: Function { index, name: &call.name, arguments: arguments(&call.arguments) },
    });
    Turn {
        role: "assistant",
        content: if refusal.is_empty() { turn.content } else { turn.content + refusal },
        thinking: thoughts(message),
        tool_calls: tool_calls.collect(),
        ..turn
    }
}

fn content<'a>(message: &'a Message<'a>) -> Result<(Cow<'a, str>, Vec<&'a str>), Unsupported> {
    let (mut text, mut images) = (Cow::Borrowed(""), Vec::new());
    for part in &message.content {
        match part {
            chat::Part::Text { text: more, .. } => text = joined(text, Cow::Borrowed(more)),
            // What an assistant drew may be left out.
            chat::Part::Image { url, .. } if message.role == Role::Assistant => {
                images.extend(image(url).ok());
            }
            chat::Part::Image { url, .. } => images.push(image(url)?),
            chat::Part::File { data: Some(data), .. } => match Media::read(data)? {
                Media::Inline(it) if it.media_type.starts_with("image/") => images.push(it.data),
                Media::Inline(it) if it.media_type.starts_with("text/") => {
                    text = joined(text, Cow::Owned(it.text()?));
                }
                Media::Inline(it) => {
                    return Err(Unsupported(format!("a file of the type {}", it.media_type)));
                }
                Media::Remote(_) => {
                    return Err(Unsupported("a file by its address".to_owned()));
                }
            },
            chat::Part::File { file_id: Some(_), .. } => {
                return Err(Unsupported("an uploaded file".to_owned()));
            }
            chat::Part::File { .. } => {}
            // The server tells sounds from pictures by their first bytes.
            chat::Part::Audio { data, format } if matches!(format.as_ref(), "wav" | "mp3") => {
                images.push(data);
            }
            chat::Part::Audio { format, .. } => {
                return Err(Unsupported(format!("audio of the type {format}")));
            }
            chat::Part::Video { .. } => return Err(Unsupported("video".to_owned())),
        }
    }
    Ok((text, images))
}

fn image(url: &str) -> Result<&str, Unsupported> {
    match Media::read(url)? {
        Media::Inline(it) => Ok(it.data),
        Media::Remote(_) => Err(Unsupported("an image by its address".to_owned())),
    }
}

fn joined<'a>(text: Cow<'a, str>, more: Cow<'a, str>) -> Cow<'a, str> {
    if text.is_empty() { more } else { text + more }
}
