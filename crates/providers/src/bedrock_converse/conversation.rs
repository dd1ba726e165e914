//! Messages become a system prompt and turns of blocks.
//!
//! # Invariants
//!
//! What the provider refuses is never built: turns alternate, the first is the user's, tool
//! results come first in their turn, no text is blank, no turn has documents without words, and
//! the last text of a trailing assistant turn has no white space at its end.

use std::borrow::Cow;

use serde::Serialize;
use tollgate_wire::chat::{CacheControl, Message, Part, Role, ToolCall};

use super::block::{Block, CachePoint, Reasoning, ToolResult, ToolUse};
use super::media::{Names, block};
use super::model::Model;
use super::tools::tool_id;
use crate::Unsupported;
use crate::anthropic_messages::Speaker;
use crate::anthropic_messages::thoughts::{self, Thought};
use crate::encoding::{arguments, prefixed};

/// A whole conversation.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    /// Instructions, wherever they stood: there is no place for them between turns.
    pub(super) system: Vec<Block<'a>>,
    /// The turns.
    pub(super) turns: Vec<Turn<'a>>,
    model: Model,
    documents: Names,
    /// How many blocks at the beginning of the last turn are results and their markers.
    leading: usize,
}

/// All that one side says before the other answers.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    /// Who speaks.
    pub(super) role: Speaker,
    /// What is said.
    pub(super) content: Vec<Block<'a>>,
}

/// What is said where the protocol wants words and the caller has none: the shortest text that is
/// not blank.
const OPENING: &str = ".";

/// The words of a result that has none.
const NO_RESULT: &str = "(empty)";

impl<'a> Conversation<'a> {
    /// Reads the messages.
    pub(super) fn read(messages: &'a [Message<'a>], model: Model) -> Result<Self, Unsupported> {
        let (system, turns, documents) = (Vec::new(), Vec::new(), Names::default());
        let mut conversation = Self { system, turns, model, documents, leading: 0 };
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
            conversation.turns.insert(0, Turn { role: Speaker::User, content: opening() });
        }
        for turn in &mut conversation.turns {
            let has = |is: fn(&Block<'_>) -> bool| turn.content.iter().any(is);
            if has(|it| matches!(it, Block::Document(_))) && !has(|it| matches!(it, Block::Text(_)))
            {
                turn.content.extend(opening());
            }
        }
        Ok(conversation)
    }

    /// Whether the model is to go on where the last turn ends.
    pub(super) fn is_prefilled(&self) -> bool {
        self.turns.last().is_some_and(|turn| turn.role == Speaker::Assistant)
    }

    /// The names of tools that were called, or `None` when neither calls nor results are there.
    pub(super) fn called(&self) -> Option<Vec<&'a str>> {
        let (mut names, mut any) = (Vec::new(), false);
        for block in self.turns.iter().flat_map(|turn| &turn.content) {
            match block {
                Block::ToolUse(call) => names.push(call.name),
                Block::ToolResult(_) => {}
                _ => continue,
            }
            any = true;
        }
        any.then_some(names)
    }

    /// Whether the model is in the middle of using tools without the thoughts that led there, as
    /// when another model began: with a budget, Claude then refuses to think.
    pub(super) fn continues_without_thoughts(&self) -> bool {
        let mut turns = self.turns.iter().rev();
        let (Some(last), Some(before)) = (turns.next(), turns.next()) else { return false };
        let answers = last.content.iter().any(|block| matches!(block, Block::ToolResult(_)));
        let thoughts = matches!(before.content.first(), Some(Block::ReasoningContent(_)));
        answers && !thoughts
    }

    /// Puts the marker for the whole request behind its last block.
    pub(super) fn mark_end(&mut self, whole: Option<&CacheControl>) {
        let marker = marker(whole, self.model);
        let Some(turn) = self.turns.last_mut() else { return };
        if !turn.content.last().is_some_and(Block::is_marker) {
            turn.content.extend(marker);
        }
    }

    fn system(&mut self, message: &'a Message<'a>) {
        for part in &message.content {
            self.system.extend(words(part, self.model));
        }
    }

    fn user(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut blocks = Vec::with_capacity(message.content.len());
        let mut name = message.name.as_deref();
        for part in &message.content {
            let Some(mut block) = block(part, &mut self.documents)? else { continue };
            if let (Block::Text(text), true) = (&mut block, name.is_some()) {
                *text = Cow::Owned(prefixed(name.take(), text).into_owned());
            }
            blocks.push(block);
            blocks.extend(marker(marked(part), self.model));
        }
        self.say(Speaker::User, blocks);
        Ok(())
    }

    fn assistant(&mut self, message: &'a Message<'a>) {
        let mut blocks = Vec::new();
        if self.model.replays_thoughts() {
            let thoughts = thoughts::replayed(&message.reasoning_details);
            blocks.extend(thoughts.into_iter().map(Block::from));
        }
        // Media in an assistant's turn are refused by the models.
        for part in &message.content {
            blocks.extend(words(part, self.model));
        }
        blocks.extend(message.refusal.as_deref().and_then(|it| Block::text(Cow::Borrowed(it))));
        blocks.extend(message.tool_calls.iter().map(|call| tool_use(call, self.model)));
        self.say(Speaker::Assistant, blocks);
    }

    fn tool(&mut self, message: &'a Message<'a>) -> Result<(), Unsupported> {
        let mut content = Vec::with_capacity(message.content.len());
        for part in &message.content {
            content.extend(block(part, &mut self.documents)?);
        }
        if content.is_empty() {
            content.extend(Block::text(Cow::Borrowed(NO_RESULT)));
        }
        let id = message.tool_call_id.as_deref().unwrap_or_default();
        let tool_use_id = tool_id(id, self.model);
        let status = message.is_error.then_some("error");
        self.answer(Block::ToolResult(ToolResult { tool_use_id, content, status }));
        // Inside a result no marker is taken, so the last one covers the result.
        let last = message.content.iter().rev().find_map(marked);
        if let Some(marker) = marker(last, self.model) {
            self.answer(marker);
        }
        Ok(())
    }

    /// Adds blocks to the turn of `role`, beginning one where another speaker was last.
    fn say(&mut self, role: Speaker, blocks: Vec<Block<'a>>) {
        if blocks.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(turn) if turn.role == role => turn.content.extend(blocks),
            _ => {
                self.turns.push(Turn { role, content: blocks });
                self.leading = 0;
            }
        }
    }

    /// Adds a tool's result, or the marker behind one, before everything else the turn has, and
    /// behind earlier results.
    fn answer(&mut self, result: Block<'a>) {
        match self.turns.last_mut() {
            Some(turn) if turn.role == Speaker::User => {
                turn.content.insert(self.leading.min(turn.content.len()), result);
                self.leading = self.leading.saturating_add(1);
            }
            _ => {
                self.turns.push(Turn { role: Speaker::User, content: vec![result] });
                self.leading = 1;
            }
        }
    }

    fn trim_end(&mut self) {
        let Some(turn) = self.turns.last_mut() else { return };
        if turn.role != Speaker::Assistant {
            return;
        }
        // Blank texts were never added, so something is left.
        let last = turn.content.iter_mut().rev().find(|block| !block.is_marker());
        if let Some(Block::Text(text)) = last {
            let trimmed = text.trim_end();
            if trimmed.len() < text.len() {
                *text = Cow::Owned(trimmed.to_owned());
            }
        }
    }
}

fn opening<'a>() -> Vec<Block<'a>> {
    Block::text(Cow::Borrowed(OPENING)).into_iter().collect()
}

/// The text of a part and its marker; other parts are passed over.
fn words<'a>(part: &'a Part<'a>, model: Model) -> impl Iterator<Item = Block<'a>> {
    let text = match part {
        Part::Text { text, .. } => Block::text(Cow::Borrowed(text)),
        _ => None,
    };
    let marker = text.as_ref().and_then(|_| marker(marked(part), model));
    text.into_iter().chain(marker)
}

/// The marker behind a part.
fn marked<'a>(part: &'a Part<'_>) -> Option<&'a CacheControl> {
    match part {
        Part::Text { cache_control, .. }
        | Part::Image { cache_control, .. }
        | Part::File { cache_control, .. } => cache_control.as_ref(),
        Part::Audio { .. } | Part::Video { .. } => None,
    }
}

fn marker<'a>(given: Option<&CacheControl>, model: Model) -> Option<Block<'a>> {
    let given = given.filter(|_| model.takes_markers())?;
    Some(Block::CachePoint(CachePoint::read(given, model)))
}

impl<'a> From<Thought<'a>> for Block<'a> {
    fn from(thought: Thought<'a>) -> Self {
        Self::ReasoningContent(match thought {
            Thought::Signed { text, signature } => Reasoning::ReasoningText { text, signature },
            Thought::Sealed(data) => Reasoning::RedactedContent(data),
        })
    }
}

fn tool_use<'a>(call: &'a ToolCall<'a>, model: Model) -> Block<'a> {
    Block::ToolUse(ToolUse {
        tool_use_id: tool_id(&call.id, model),
        name: &call.name,
        input: arguments(&call.arguments),
    })
}
