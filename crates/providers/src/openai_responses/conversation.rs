//! Messages become input items.
//!
//! # Invariants
//!
//! The order of messages is kept. What an assistant message holds becomes, in this order, what it
//! thought, what it said, what it called: thoughts without anything after them are refused by the
//! provider, so they are left out.

use std::borrow::Cow;

use tollgate_wire::chat::{Message, Part, Role, ToolCall};

use super::block::{Block, Content, Item, Markers};
use super::reasoning;
use crate::Unsupported;
use crate::call_id::within;
use crate::encoding::prefixed;
use crate::replay::failed;

/// How messages are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Whether prompt-cache markers are written.
    pub(super) markers: Markers,
    /// Whether `developer` is understood; otherwise it is `system`.
    pub(super) developer_role: bool,
    /// Whether earlier thoughts are of use: to a model that does not reason they are an error.
    pub(super) replays_reasoning: bool,
}

/// Longest id of a call that the provider takes.
const CALL_ID_MAX: usize = 64;

/// The messages as items.
pub(super) fn items<'a>(
    messages: &'a [Message<'a>],
    manner: Manner,
) -> Result<Vec<Item<'a>>, Unsupported> {
    let mut items = Vec::with_capacity(messages.len());
    for message in messages {
        match message.role {
            Role::Developer if manner.developer_role => {
                items.push(said("developer", message, manner)?);
            }
            Role::System | Role::Developer => items.push(said("system", message, manner)?),
            Role::User => items.push(said("user", message, manner)?),
            Role::Assistant => assistant(message, manner, &mut items),
            Role::Tool => {
                let id = message.tool_call_id.as_deref().unwrap_or_default();
                let mut output = Content::read(&message.content, manner.markers)?;
                if message.is_error {
                    mark_failed(&mut output);
                }
                items.push(Item::FunctionCallOutput { call_id: within(id, CALL_ID_MAX), output });
            }
        }
    }
    Ok(items)
}

fn said<'a>(
    role: &'static str,
    message: &'a Message<'a>,
    manner: Manner,
) -> Result<Item<'a>, Unsupported> {
    let mut content = Content::read(&message.content, manner.markers)?;
    if let Some(name) = message.name.as_deref() {
        name_speaker(&mut content, name);
    }
    Ok(Item::Message { role, content })
}

/// The protocol has no field for a speaker's name: it goes before the first text.
fn name_speaker(content: &mut Content<'_>, name: &str) {
    if let Some(text) = content.first_text() {
        *text = Cow::Owned(prefixed(Some(name), text).into_owned());
    }
}

/// Nor has it one for a tool's failure.
fn mark_failed(output: &mut Content<'_>) {
    if let Some(text) = output.first_text() {
        *text = failed(std::mem::take(text));
    } else if let Content::Blocks(blocks) = output {
        blocks.insert(0, Block::text(failed(Cow::Borrowed(""))));
    }
}

fn assistant<'a>(message: &'a Message<'a>, manner: Manner, items: &mut Vec<Item<'a>>) {
    let texts = message.content.iter().filter_map(|part| match part {
        Part::Text { text, .. } if !text.is_empty() => Some(Block::OutputText { text }),
        _ => None,
    });
    let refusal = message.refusal.iter().map(|refusal| Block::Refusal { refusal });
    let blocks: Vec<Block<'a>> = texts.chain(refusal).collect();
    if blocks.is_empty() && message.tool_calls.is_empty() {
        return;
    }
    if manner.replays_reasoning {
        items.extend(reasoning::replayed(&message.reasoning_details));
    }
    if !blocks.is_empty() {
        items.push(Item::Message { role: "assistant", content: Content::Blocks(blocks) });
    }
    items.extend(message.tool_calls.iter().map(call));
}

fn call<'a>(call: &'a ToolCall<'a>) -> Item<'a> {
    let arguments = call.arguments.trim();
    Item::FunctionCall {
        call_id: within(&call.id, CALL_ID_MAX),
        name: &call.name,
        arguments: if arguments.is_empty() { "{}" } else { &call.arguments },
    }
}
