//! A request becomes a chat request.

use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject};
use crate::responses::read::{self, INCLUDE_LOGPROBS, OWN_MEMBERS};
use crate::responses::text::TextConfig;
use crate::responses::{items, tools};
use crate::translation::Translation;

/// What `include` may list that is in the answer anyway.
const ALWAYS_INCLUDED: &str = "reasoning.encrypted_content";

/// Members that are written in chat's form or only together with others.
const TRANSLATED: &[&str] = &["tools", "tool_choice", "parallel_tool_calls", "top_logprobs"];

/// Writes the members of a chat request and returns the names of what chat can't express.
pub(super) fn to_chat(
    object: &RawObject,
    chat: &mut ObjectWriter<'_>,
) -> Result<Vec<String>, BadRequest> {
    if object.member("prompt").is_some() {
        return Err(BadRequest::new(
            "prompt: Prompt templates are stored at OpenAI and can't be used with other providers; send instructions and input",
        ));
    }
    let mut chat = Translation::new(chat);
    items::write(object.member("instructions"), object.member("input"), &mut chat)?;
    write_tools(object, &mut chat)?;
    write_output(object, &mut chat)?;
    lose_unsupported(object, &mut chat)?;
    chat.pass_on(object, |name| OWN_MEMBERS.contains(&name) || TRANSLATED.contains(&name));
    Ok(chat.finish())
}

fn write_tools(object: &RawObject, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
    let offer = tools::offer(object, chat)?;
    if offer.tools.is_empty() {
        // Providers refuse a choice among nothing.
        return Ok(());
    }
    chat.field("tools", &offer.tools);
    if let Some(choice) = &offer.choice {
        chat.field("tool_choice", choice);
    }
    if let Some(raw) = object.member("parallel_tool_calls") {
        chat.raw("parallel_tool_calls", raw);
    }
    Ok(())
}

/// Form and bounds of the answer.
fn write_output(object: &RawObject, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
    if let Some(raw) = object.member("max_output_tokens") {
        chat.raw("max_tokens", raw);
        chat.supersede("max_completion_tokens");
    }
    if let Some(raw) = object.member("text") {
        let config = TextConfig::read(raw)?;
        if let Some(format) = config.response_format()? {
            chat.raw("response_format", format);
        }
        if let Some(verbosity) = config.verbosity() {
            chat.field("verbosity", verbosity);
        }
    }
    if read::wants_logprobs(object)? {
        chat.field("logprobs", &true);
        if let Some(raw) = object.member("top_logprobs") {
            chat.raw("top_logprobs", raw);
        }
    }
    Ok(())
}

/// Names members in use that have no counterpart in chat.
fn lose_unsupported(object: &RawObject, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
    if object.member("truncation") == Some(r#""auto""#) {
        chat.lose("truncation");
    }
    if object.member("context_management").is_some() {
        chat.lose("context_management");
    }
    let includes = read::includes(object)?;
    for name in includes.iter().filter(|it| **it != ALWAYS_INCLUDED && **it != INCLUDE_LOGPROBS) {
        chat.lose(format!("include.{name}"));
    }
    Ok(())
}
