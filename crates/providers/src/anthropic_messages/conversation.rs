//! Messages become a system prompt and turns of blocks.
//!
//! # Invariants
//!
//! What the provider refuses is never built: turns alternate, the first is the user's, tool
//! results come first in their turn, no text is blank, and the last text of a trailing assistant
//! turn has no white space at its end.

use std::borrow::Cow;

use serde::Serialize;
use tollgate_wire::chat::{Message, Part, Role, ToolCall};

use super::block::Block;
use super::thoughts::{self, Thought};
use crate::Unsupported;
use crate::call_id::of_letters;
use crate::encoding::{arguments, prefixed};

/// A whole conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// Instructions, wherever they stood: there is no place for them between turns.
    pub(super) system: Vec<Block<'a>>,
    /// The turns.
    pub(super) turns: Vec<Turn<'a>>,
}

/// All that one side says before the other answers.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    /// Who speaks.
    pub(super) role: Speaker,
    /// What is said.
    pub(super) content: Vec<Block<'a>>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Speaker {
    /// The person, and the tools on their behalf.
    User,
    /// The model.
    Assistant,
}

/// What the user is made to say where the protocol wants a user's turn first and the caller sent
/// none: the shortest text that is not blank.
const OPENING: &str = ".";

impl<'a> Conversation<'a> {
    /// Reads the messages.
    pub(super) fn read(messages: &'a [Message<'a>]) -> Result<Self, Unsupported> {
        let mut conversation = Self::default();
        for message in messages {
            match message.role {
                Role::System | Role::Developer => conversation.system(message),
                Role::User => conversation.user(message)?,
                Role::Assistant => conversation.assistant(message),
                Role::Tool => conversation.tool(message)?,
            }
        }
        conversation.trim_end();
        if conversation.turns.first().is_none_or(|turn| turn.role != Speaker::User) {
            let content = Block::text(Cow::Borrowed(OPENING), None).into_iter().collect();
            conversation.turns.insert(0, Turn { role: Speaker::User, content });
        }
        Ok(conversation)
    }

    /// Whether the model is to go on where the last turn ends.
    pub(super) fn is_prefilled(&self) -> bool {
        self.turns.last().is_some_and(|turn| turn.role == Speaker::Assistant)
    }

    /// Whether tools were called.
    pub(super) fn has_tool_blocks(&self) -> bool {
        let mut blocks = self.turns.iter().flat_map(|turn| &turn.content);
        blocks.any(|block| matches!(block, Block::ToolUse { .. } | Block::ToolResult { .. }))
    }

    /// Whether media are given by their address.
    pub(super) fn points_elsewhere(&self) -> bool {
        self.turns.iter().flat_map(|turn| &turn.content).any(Block::points_elsewhere)
    }

    /// Whether the model is in the middle of using tools without the thoughts that led there, as
    /// when another model began: with a budget, it then refuses to think.
    pub(super) fn continues_without_thoughts(&self) -> bool {
        let mut turns = self.turns.iter().rev();
        let (Some(last), Some(before)) = (turns.next(), turns.next()) else { return false };
        let answers = last.content.iter().any(|block| matches!(block, Block::ToolResult { .. }));
        let thoughts = before.content.first().is_some_and(|block| {
            matches!(block, Block::Thinking { .. } | Block::RedactedThinking { .. })
        });
        answers && !thoughts
    }

    fn system(&mut self, message: &'a Message<'a>) {
        for part in &message.content {
            if let Part::Text { text, cache_control } = part {
                self.system.extend(Block::text(Cow::Borrowed(text), cache_control.as_ref()));
            }
        }
    }

    fn user(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut blocks = Vec::with_capacity(message.content.len());
        let mut name = message.name.as_deref();
        for part in &message.content {
            let Some(mut block) = Block::part(part)? else { continue };
            if let (Block::Text { text, .. }, true) = (&mut block, name.is_some()) {
                *text = Cow::Owned(prefixed(name.take(), text).into_owned());
            }
            blocks.push(block);
        }
        self.say(Speaker::User, blocks);
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message<'a>) {
        let thoughts = thoughts::replayed(&message.reasoning_details);
        let mut blocks: Vec<_> = thoughts.into_iter().map(Block::from).collect();
        // The protocol has no images or files in an assistant's turn.
        for part in &message.content {
            if let Part::Text { text, cache_control } = part {
                blocks.extend(Block::text(Cow::Borrowed(text), cache_control.as_ref()));
            }
        }
        if let Some(refusal) = &message.refusal {
            blocks.extend(Block::text(Cow::Borrowed(refusal), None));
        }
        blocks.extend(message.tool_calls.iter().map(tool_use));
        mark(&mut blocks, message);
        self.say(Speaker::Assistant, blocks);
    }

    fn tool(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut content = Vec::with_capacity(message.content.len());
        let mut cache_control = None;
        for part in &message.content {
            let Some(mut block) = Block::part(part)? else { continue };
            // Inside a result no marker is taken, so the last one covers the result.
            if let Some(marker) = block.marker().and_then(Option::take) {
                cache_control = Some(marker);
            }
            content.push(block);
        }
        let id = message.tool_call_id.as_deref().unwrap_or_default();
        let (tool_use_id, is_error) = (of_letters(id, usize::MAX), message.is_error);
        let cache_control = cache_control.or(message.cache_control.as_ref());
        let result = Block::ToolResult { tool_use_id, content, is_error, cache_control };
        self.answer(result);
        Ok(())
    }

    /// Adds blocks to the turn of `role`, beginning one where another speaker was last.
    fn say(&mut self, role: Speaker, blocks: Vec<Block<'a>>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.extend(blocks),
            _ => self.turns.push(Turn { role, content: blocks }),
        }
    }

    /// Adds a tool's result before everything else the turn has, and behind earlier results.
    fn answer(&mut self, result: Block<'a>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == Speaker::User => {
                let is_result = |block: &&Block<'_>| matches!(block, Block::ToolResult { .. });
                // Usually there is nothing but results: they are not counted for each.
                if turn.content.last().is_none_or(|last| is_result(&last)) {
                    turn.content.push(result);
                    return;
                }
                let results = turn.content.iter().take_while(is_result).count();
                turn.content.insert(results, result);
            }
            _ => self.turns.push(Turn { role: Speaker::User, content: vec![result] }),
        }
    }

    fn trim_end(&mut self) {
        let Some(turn) = self.turns.last_mut() else { return };
        if turn.role != Speaker::Assistant {
            return;
        }
        // Blank texts were never added, so something is left.
        if let Some(Block::Text { text, .. }) = turn.content.last_mut() {
            let trimmed = text.trim_end();
            if trimmed.len() < text.len() {
                *text = Cow::Owned(trimmed.to_owned());
            }
        }
    }
}

/// A marker behind a whole message is behind its last block.
fn mark<'a>(blocks: &mut [Block<'a>], message: &'a Message<'a>) {
    if let Some(marker) = &message.cache_control
        && let Some(place) = blocks.iter_mut().rev().find_map(Block::marker)
    {
        *place = place.or(Some(marker));
    }
}

impl<'a> From<Thought<'a>> for Block<'a> {
    fn from(thought: Thought<'a>) -> Self {
        match thought {
            Thought::Signed { text, signature } => Self::Thinking { thinking: text, signature },
            Thought::Sealed(data) => Self::RedactedThinking { data },
        }
    }
}

fn tool_use<'a>(call: &'a ToolCall<'a>) -> Block<'a> {
    Block::ToolUse {
        id: of_letters(&call.id, usize::MAX),
        name: &call.name,
        input: arguments(&call.arguments),
        cache_control: None,
    }
}
