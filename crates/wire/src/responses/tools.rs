//! Tools, and which of them to call (contract §3.5).
//!
//! Chat knows functions only. A function keeps its form, one level deeper. A custom tool, which
//! takes text, becomes a function with one string, and calls of it become calls of a custom tool
//! again. Tools that the provider itself would run are left out, unless one of them is forced.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::{RawObject, wrong_type};
use crate::translation::{Translation, custom, parse};

#[derive(Deserialize)]
struct ToolObject<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    #[serde(default)]
    strict: Option<bool>,
    #[serde(borrow, default)]
    format: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cache_control: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ChoiceObject<'a> {
    Word(#[serde(borrow)] Cow<'a, str>),
    Object(#[serde(borrow)] ChosenTool<'a>),
}

#[derive(Deserialize)]
struct ChosenTool<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    mode: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    tools: Vec<ChosenTool<'a>>,
}

/// A tool in chat's form.
#[derive(Debug, Serialize)]
pub(super) struct ChatTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: ChatFunction<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'a RawValue>,
}

#[derive(Debug, Serialize)]
struct ChatFunction<'a> {
    name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// Which tool to call, in chat's form.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ChatChoice<'a> {
    /// `none`, `auto` or `required`.
    Word(Cow<'a, str>),
    /// One function.
    Function {
        /// Always `function`.
        #[serde(rename = "type")]
        kind: &'static str,
        /// The function.
        function: ChosenFunction<'a>,
    },
}

/// The function of a [`ChatChoice`].
#[derive(Debug, Serialize)]
pub(super) struct ChosenFunction<'a> {
    name: Cow<'a, str>,
}

/// What is offered to the model.
#[derive(Debug, Default)]
pub(super) struct Offer<'a> {
    /// The tools.
    pub(super) tools: Vec<ChatTool<'a>>,
    /// Which of them to call.
    pub(super) choice: Option<ChatChoice<'a>>,
}

/// How many tools are offered that every protocol can express.
pub(super) fn count(raw: &str) -> Result<u64, BadRequest> {
    let functions = kinds(raw)?.filter(|(kind, _)| is_function(kind)).count();
    Ok(u64::try_from(functions).unwrap_or(u64::MAX))
}

/// Names of the custom tools a request offers: calls of them take text.
pub(super) fn custom_names(object: &RawObject) -> Vec<String> {
    let Some(Ok(kinds)) = object.member("tools").map(kinds) else { return Vec::new() };
    kinds.filter(|(kind, _)| kind == "custom").filter_map(|(_, name)| name).collect()
}

fn kinds(raw: &str) -> Result<impl Iterator<Item = (String, Option<String>)>, BadRequest> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default, rename = "type")]
        kind: String,
        #[serde(default)]
        name: Option<String>,
    }
    let tools: Vec<Named> =
        serde_json::from_str(raw).map_err(|_| wrong_type("tools", "array of objects", raw))?;
    Ok(tools.into_iter().map(|tool| (tool.kind, tool.name)))
}

fn is_function(kind: &str) -> bool {
    matches!(kind, "function" | "custom")
}

/// Reads tools and choice together, since a choice may narrow the tools. What chat can't express
/// is named.
pub(super) fn offer<'a>(
    object: &'a RawObject,
    chat: &mut Translation<'_, '_>,
) -> Result<Offer<'a>, BadRequest> {
    let mut offer = Offer::default();
    let raws: Vec<&'a RawValue> = match object.member("tools") {
        Some(raw) => {
            serde_json::from_str(raw).map_err(|_| wrong_type("tools", "array of objects", raw))?
        }
        None => Vec::new(),
    };
    for (index, raw) in raws.into_iter().enumerate() {
        offer.tools.extend(tool(index, raw, chat)?);
    }
    if let Some(raw) = object.member("tool_choice") {
        offer.choose(raw)?;
    }
    Ok(offer)
}

fn tool<'a>(
    index: usize,
    raw: &'a RawValue,
    chat: &mut Translation<'_, '_>,
) -> Result<Option<ChatTool<'a>>, BadRequest> {
    let tool: ToolObject<'a> = parse(&format!("tools.{index}"), raw)?;
    if !is_function(&tool.kind) {
        chat.lose(format!("tools.{}", tool.kind));
        return Ok(None);
    }
    let Some(name) = tool.name else {
        return Err(BadRequest::new(format!("tools.{index}.name: Required")));
    };
    let cache_control = tool.cache_control;
    let function = if tool.kind == "custom" {
        let description = custom::description(tool.description, tool.format);
        let parameters = custom::parameters();
        ChatFunction { name, description, parameters, strict: None }
    } else {
        let ToolObject { description, parameters, strict, .. } = tool;
        ChatFunction { name, description, parameters, strict }
    };
    Ok(Some(ChatTool { kind: "function", function, cache_control }))
}

impl<'a> Offer<'a> {
    fn choose(&mut self, raw: &'a str) -> Result<(), BadRequest> {
        let choice: ChoiceObject<'a> = serde_json::from_str(raw).map_err(|_| {
            wrong_type("tool_choice", "none, auto, required or an object with type", raw)
        })?;
        self.choice = match choice {
            ChoiceObject::Word(word) => Some(ChatChoice::Word(word)),
            ChoiceObject::Object(chosen) => self.chosen(chosen)?,
        };
        let forced = match &self.choice {
            Some(ChatChoice::Word(word)) => matches!(&**word, "required" | "any"),
            Some(ChatChoice::Function { .. }) => true,
            None => false,
        };
        if self.tools.is_empty() && forced {
            return Err(BadRequest::new(
                "tool_choice: A call is required, but no function or custom tool is offered; this installation runs no server tools",
            ));
        }
        Ok(())
    }

    fn chosen(&mut self, chosen: ChosenTool<'a>) -> Result<Option<ChatChoice<'a>>, BadRequest> {
        match &*chosen.kind {
            "function" | "custom" => {
                let name = chosen.name;
                let name = name.ok_or_else(|| BadRequest::new("tool_choice.name: Required"))?;
                let function = ChosenFunction { name };
                Ok(Some(ChatChoice::Function { kind: "function", function }))
            }
            "allowed_tools" => {
                let allowed = |tool: &ChatTool<'_>| {
                    chosen.tools.iter().any(|it| {
                        is_function(&it.kind) && it.name.as_deref() == Some(&*tool.function.name)
                    })
                };
                self.tools.retain(allowed);
                Ok(chosen.mode.map(ChatChoice::Word))
            }
            kind => Err(BadRequest::new(format!(
                "tool_choice.type: Expected function, custom or allowed_tools, received \"{kind}\"; this installation runs no server tools"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::json::ObjectWriter;

    fn written(body: &str) -> Result<(String, String, Vec<String>), String> {
        let object = RawObject::read(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        let mut out = Vec::new();
        let mut chat = ObjectWriter::new(&mut out);
        let mut chat = Translation::new(&mut chat);
        let offer = offer(&object, &mut chat).map_err(|error| error.message().to_owned())?;
        let json = |value: serde_json::Result<String>| value.unwrap();
        Ok((
            json(serde_json::to_string(&offer.tools)),
            json(serde_json::to_string(&offer.choice)),
            chat.finish(),
        ))
    }

    #[test]
    fn tools_take_chats_form() {
        for (tool, expected, named) in [
            (
                r#"{"type":"function","name":"f","description":"d","parameters":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"}}"#,
                r#"[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"},"strict":true},"cache_control":{"type":"ephemeral"}}]"#,
                "",
            ),
            (
                r#"{"type":"function","name":"f","description":null,"parameters":null,"strict":null}"#,
                r#"[{"type":"function","function":{"name":"f"}}]"#,
                "",
            ),
            (
                r#"{"type":"custom","name":"g","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: \"x\""}}"#,
                r#"[{"type":"function","function":{"name":"g","description":"d\n\n`input` must match this lark grammar:\nstart: \"x\"","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}}}]"#,
                "",
            ),
            (r#"{"type":"web_search","search_context_size":"low"}"#, "[]", "tools.web_search"),
            (r#"{"type":"mcp","server_label":"x","allowed_tools":["y"]}"#, "[]", "tools.mcp"),
        ] {
            let (tools, _, left_out) = written(&format!(r#"{{"tools":[{tool}]}}"#)).unwrap();
            assert_eq!(tools, expected);
            assert_eq!(left_out.join(","), named);
        }
    }

    #[test]
    fn choices_take_chats_form() {
        let tools = r#"[{"type":"function","name":"f"},{"type":"custom","name":"g"},{"type":"function","name":"h"}]"#;
        let f = r#"{"type":"function","function":{"name":"f"}}"#;
        let all = format!(
            r#"[{f},{{"type":"function","function":{{"name":"g","parameters":{}}}}},{{"type":"function","function":{{"name":"h"}}}}]"#,
            custom::parameters().unwrap()
        );
        for (choice, expected, kept) in [
            (r#""auto""#, r#""auto""#, &*all),
            (r#""none""#, r#""none""#, &all),
            (r#""required""#, r#""required""#, &all),
            (r#"{"type":"function","name":"f"}"#, f, &all),
            (
                r#"{"type":"custom","name":"g"}"#,
                r#"{"type":"function","function":{"name":"g"}}"#,
                &all,
            ),
            (
                r#"{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"f"},{"type":"mcp","server_label":"x"}]}"#,
                r#""required""#,
                &format!("[{f}]"),
            ),
        ] {
            let body = format!(r#"{{"tools":{tools},"tool_choice":{choice}}}"#);
            let (tools, written, _) = written(&body).unwrap();
            assert_eq!(written, expected);
            assert_eq!(tools, kept);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, message) in [
            (r#"{"tools":[{"type":"function"}]}"#, "tools.0.name: Required"),
            (r#"{"tools":[{"name":"f"}]}"#, "tools.0: missing field `type`"),
            (
                r#"{"tools":[{"type":"web_search"}],"tool_choice":{"type":"web_search"}}"#,
                "tool_choice.type: Expected function, custom or allowed_tools, received \"web_search\"; this installation runs no server tools",
            ),
            (
                r#"{"tools":[{"type":"web_search"}],"tool_choice":"required"}"#,
                "tool_choice: A call is required, but no function or custom tool is offered; this installation runs no server tools",
            ),
            (
                r#"{"tool_choice":7}"#,
                "tool_choice: Expected none, auto, required or an object with type, received number 7",
            ),
        ] {
            assert_eq!(written(body).unwrap_err(), message);
        }
    }
}
