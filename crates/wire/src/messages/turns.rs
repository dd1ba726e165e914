//! The conversation as chat messages (contract §2.2, §3.6).
//!
//! A user's turn may hold results of tools beside what the user says. In chat each result is a
//! message of its own, right behind the calls, so results come first and the rest follows.

use crate::error::BadRequest;
use crate::json::RawObject;
use crate::messages::assistant;
use crate::messages::content::{self, Part};
use crate::messages::fields::{Escaped, Fields, List, Path, elements, push};
use crate::translation::Translation;

/// Blocks that only Anthropic's servers can use.
const UNTRANSLATABLE: &[&str] =
    &["container_upload", "tool_addition", "tool_removal", "tool_reference", "fallback"];

/// Writes `messages`, with the instructions first.
pub(super) fn write(object: &RawObject, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
    let mut messages = List::default();
    if let Some(raw) = object.member("system") {
        instructions(raw, Path::top("system"), &mut messages, chat)?;
    }
    let path = Path::top("messages");
    let turns = object.member("messages").ok_or_else(|| path.wrong("array", None))?;
    for (index, raw) in elements(turns, &path)?.into_iter().enumerate() {
        let turn = Fields::read(raw, path.element(index))?;
        let content = turn.required("content")?;
        let path = turn.path().member("content");
        match turn.required_text("role")?.as_str() {
            "user" => user(content, path, &mut messages, chat)?,
            "assistant" => assistant::write(content, path, &mut messages, chat)?,
            "system" => instructions(content, path, &mut messages, chat)?,
            _ => {
                let role = turn.path().member("role");
                return Err(role.wrong("one of user, assistant, system", turn.get("role")));
            }
        }
    }
    chat.raw("messages", messages.into_json().as_deref().unwrap_or(b"[]"));
    Ok(())
}

/// Instructions, before the conversation or in the middle of it.
fn instructions(
    raw: &str,
    path: Path<'_>,
    messages: &mut List,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let mut parts = Vec::new();
    for block in blocks(raw, &path)?.fields() {
        let block = block?;
        match block.required_text("type")?.as_str() {
            "text" => {
                content::push_block(&block, &mut parts, chat)?;
            }
            kind => leave_out(kind, &block, "text", chat)?,
        }
    }
    parts.extend(Escaped::of(raw).map(Part::plain));
    if parts.is_empty() {
        return Ok(());
    }
    let out = messages.next();
    push(out, &[r#"{"role":"system","content":"#]);
    content::write(&parts, out);
    out.push(b'}');
    Ok(())
}

/// What the user says, and what tools answered on their behalf.
fn user(
    raw: &str,
    path: Path<'_>,
    messages: &mut List,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let mut parts = Vec::new();
    let (mut results, mut left_out) = (false, false);
    for block in blocks(raw, &path)?.fields() {
        let block = block?;
        match block.required_text("type")?.as_str() {
            "tool_result" => {
                result(&block, messages, chat)?;
                results = true;
            }
            kind if !content::push_block(&block, &mut parts, chat)? => {
                let expected = "one of text, image, document, search_result, tool_result";
                leave_out(kind, &block, expected, chat)?;
                left_out = true;
            }
            _ => {}
        }
    }
    parts.extend(Escaped::of(raw).map(Part::plain));
    if parts.is_empty() && (results || left_out) {
        return Ok(());
    }
    let out = messages.next();
    push(out, &[r#"{"role":"user","content":"#]);
    content::write(&parts, out);
    out.push(b'}');
    Ok(())
}

/// What one tool answered. That it failed is said by `is_error`, which chat has no word for.
fn result(
    result: &Fields<'_, '_>,
    messages: &mut List,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let id = result.required_text("tool_use_id")?;
    let mut parts = Vec::new();
    if let Some(raw) = result.get("content") {
        let path = result.path().member("content");
        for block in blocks(raw, &path)?.fields() {
            let block = block?;
            if !content::push_block(&block, &mut parts, chat)? {
                let kind = block.required_text("type")?;
                let expected = "one of text, image, document, search_result";
                leave_out(kind.as_str(), &block, expected, chat)?;
            }
        }
        parts.extend(Escaped::of(raw).map(Part::plain));
    }
    content::mark(&mut parts, result.marker()?);
    let failed = result.flag("is_error")?.unwrap_or(false);
    let out = messages.next();
    push(out, &[r#"{"role":"tool","tool_call_id":""#, id.as_str(), "\""]);
    push(out, &[if failed { r#","is_error":true"# } else { "" }, r#","content":"#]);
    content::write(&parts, out);
    out.push(b'}');
    Ok(())
}

/// The blocks of a content that may also be a string, which has none.
pub(super) struct Blocks<'a, 'p> {
    path: &'p Path<'p>,
    blocks: Vec<&'a str>,
}

/// Finds the blocks of a content.
pub(super) fn blocks<'a, 'p>(
    raw: &'a str,
    path: &'p Path<'p>,
) -> Result<Blocks<'a, 'p>, BadRequest> {
    let blocks = match raw.bytes().next() {
        Some(b'"') => Vec::new(),
        Some(b'[') => elements(raw, path)?,
        _ => return Err(path.wrong("string or array of blocks", Some(raw))),
    };
    Ok(Blocks { path, blocks })
}

impl<'a, 'p> Blocks<'a, 'p> {
    /// The members of each.
    pub(super) fn fields(self) -> impl Iterator<Item = Result<Fields<'a, 'p>, BadRequest>> {
        let Self { path, blocks } = self;
        blocks
            .into_iter()
            .enumerate()
            .map(move |(index, raw)| Fields::read(raw, path.element(index)))
    }
}

/// Names a block that only Anthropic's servers can use, and refuses one that nobody knows.
pub(super) fn leave_out(
    kind: &str,
    block: &Fields<'_, '_>,
    expected: &str,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let of_servers = kind.ends_with("_tool_use") || kind.ends_with("_tool_result");
    if !of_servers && !UNTRANSLATABLE.contains(&kind) {
        return Err(block.path().member("type").wrong(expected, block.get("type")));
    }
    chat.lose(format!("messages.{kind}"));
    Ok(())
}
