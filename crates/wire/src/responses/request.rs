//! A request becomes a chat request.

use serde_json::value::RawValue;

use crate::dialect::GATEWAY_MEMBERS;
use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject};
use crate::responses::read::{self, INCLUDE_LOGPROBS, OWN_MEMBERS};
use crate::responses::text::TextConfig;
use crate::responses::{items, tools};

/// What `include` may list that is in the answer anyway.
const ALWAYS_INCLUDED: &str = "reasoning.encrypted_content";

/// Members that are written in chat's form or only together with others.
const TRANSLATED: &[&str] =
    &["model", "stream", "tools", "tool_choice", "parallel_tool_calls", "top_logprobs"];

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
    let (messages, mut left_out) =
        items::messages(object.member("instructions"), object.member("input"))?;
    chat.raw(b"messages", &messages);
    let mut written = Written { chat, names: Vec::new() };
    written.tools(object, &mut left_out)?;
    written.output(object)?;
    written.rest(object);
    left_out.extend(unsupported(object)?);
    Ok(left_out)
}

/// A chat request being written; a name is written once, whichever member it comes from.
struct Written<'o, 'w> {
    chat: &'o mut ObjectWriter<'w>,
    names: Vec<&'static str>,
}

impl Written<'_, '_> {
    fn tools(&mut self, object: &RawObject, left_out: &mut Vec<String>) -> Result<(), BadRequest> {
        let offer = tools::offer(object, left_out)?;
        if offer.tools.is_empty() {
            // Providers refuse a choice among nothing.
            return Ok(());
        }
        self.chat.field("tools", &offer.tools);
        if let Some(choice) = &offer.choice {
            self.chat.field("tool_choice", choice);
        }
        if let Some(raw) = object.member("parallel_tool_calls") {
            self.chat.raw(b"parallel_tool_calls", raw.as_bytes());
        }
        Ok(())
    }

    /// Form and bounds of the answer.
    fn output(&mut self, object: &RawObject) -> Result<(), BadRequest> {
        if let Some(raw) = object.member("max_output_tokens") {
            self.raw("max_tokens", raw);
            self.names.push("max_completion_tokens");
        }
        if let Some(raw) = object.member("text") {
            let config = TextConfig::read(raw)?;
            if let Some(format) = config.response_format()? {
                self.raw("response_format", &format);
            }
            if let Some(verbosity) = config.verbosity().map(RawValue::get) {
                self.raw("verbosity", verbosity);
            }
        }
        if read::wants_logprobs(object)? {
            self.raw("logprobs", "true");
            if let Some(raw) = object.member("top_logprobs") {
                self.raw("top_logprobs", raw);
            }
        }
        Ok(())
    }

    /// Members that have one name and one meaning in both dialects, and those that neither knows.
    fn rest(&mut self, object: &RawObject) {
        for (name, raw) in object.members().filter(|(_, raw)| *raw != "null") {
            let known = [OWN_MEMBERS, GATEWAY_MEMBERS, TRANSLATED, &self.names]
                .iter()
                .any(|names| names.contains(&name));
            if !known {
                self.chat.raw(escaped(name).as_bytes(), raw.as_bytes());
            }
        }
    }

    fn raw(&mut self, name: &'static str, json: &str) {
        self.chat.raw(name.as_bytes(), json.as_bytes());
        self.names.push(name);
    }
}

/// A name as it stands between quotes.
fn escaped(name: &str) -> String {
    let quoted = serde_json::to_string(name).unwrap_or_default();
    let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// Members in use that have no counterpart in chat.
fn unsupported(object: &RawObject) -> Result<Vec<String>, BadRequest> {
    let mut names = Vec::new();
    if object.member("truncation") == Some(r#""auto""#) {
        names.push("truncation".to_owned());
    }
    if object.member("context_management").is_some() {
        names.push("context_management".to_owned());
    }
    let includes = read::includes(object)?;
    let lost = includes.iter().filter(|it| **it != ALWAYS_INCLUDED && **it != INCLUDE_LOGPROBS);
    names.extend(lost.map(|it| format!("include.{it}")));
    Ok(names)
}
