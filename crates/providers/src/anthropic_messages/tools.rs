//! Tools and which of them to call (contract §2.3).

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::{CacheControl, ChatRequest, Tool, ToolChoice};

use super::conversation::Conversation;
use super::model::Model;
use crate::encoding::is_object;

/// One tool.
#[derive(Debug, Serialize)]
pub(super) struct ToolObject<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Cow<'a, RawValue>,
    /// Arguments follow the schema to the letter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
    /// Arguments arrive as they are written, not once they are complete.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    eager_input_streaming: bool,
    /// A prompt-cache marker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<&'a CacheControl>,
}

/// Which tool must be called.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(crate) enum Choice<'a> {
    /// The model decides.
    Auto {
        /// One at a time.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        disable_parallel_tool_use: bool,
    },
    /// At least one.
    Any {
        /// One at a time.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        disable_parallel_tool_use: bool,
    },
    /// This one.
    Tool {
        /// Its name.
        name: &'a str,
        /// One at a time.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        disable_parallel_tool_use: bool,
    },
    /// None.
    None,
}

impl Choice<'_> {
    /// Whether the model has no choice but to call a tool.
    pub(crate) const fn is_forced(&self) -> bool {
        matches!(self, Self::Any { .. } | Self::Tool { .. })
    }
}

/// The tools offered. Tools that may not be called are offered only to a conversation that has
/// calls already, which the provider can't read without them. `strict` needs a feature that the
/// caller asks for in a header (contract §2.3); without it it is left out.
pub(super) fn offered<'a>(
    request: &'a ChatRequest<'a>,
    conversation: &Conversation<'_>,
    model: Model,
    takes_strict: bool,
) -> Vec<ToolObject<'a>> {
    if request.tool_choice == Some(ToolChoice::None) && !conversation.has_tool_blocks() {
        return Vec::new();
    }
    let eager = model.claude && request.params.stream;
    let object = |tool: &'a Tool<'a>| ToolObject {
        name: &tool.name,
        description: tool.description.as_deref().filter(|text| !text.is_empty()),
        input_schema: input_schema(tool.parameters),
        strict: takes_strict && tool.strict == Some(true),
        eager_input_streaming: eager,
        cache_control: tool.cache_control.as_ref(),
    };
    request.tools.iter().map(object).collect()
}

/// The choice among the tools offered.
pub(super) fn choice<'a>(
    request: &'a ChatRequest<'a>,
    tools: &[ToolObject<'_>],
) -> Option<Choice<'a>> {
    if tools.is_empty() {
        return None;
    }
    let disable_parallel_tool_use = request.params.parallel_tool_calls == Some(false);
    match &request.tool_choice {
        None if !disable_parallel_tool_use => None,
        None | Some(ToolChoice::Auto) => Some(Choice::Auto { disable_parallel_tool_use }),
        Some(ToolChoice::Required) => Some(Choice::Any { disable_parallel_tool_use }),
        Some(ToolChoice::Function(name)) => Some(Choice::Tool { name, disable_parallel_tool_use }),
        Some(ToolChoice::None) => Some(Choice::None),
    }
}

/// A schema must say that it is an object's.
pub(crate) fn input_schema(given: Option<&RawValue>) -> Cow<'_, RawValue> {
    #[derive(serde::Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        kind: Option<serde::de::IgnoredAny>,
    }

    let owned = |json: String| RawValue::from_string(json).unwrap_or_default();
    let none = || Cow::Owned(owned(r#"{"type":"object","properties":{}}"#.to_owned()));
    let Some(given) = given.filter(|schema| is_object(schema)) else { return none() };
    match serde_json::from_str::<Typed>(given.get()) {
        Ok(Typed { kind: Some(_) }) => Cow::Borrowed(given),
        _ => match given.get().strip_prefix('{').map(str::trim_start) {
            Some("}") | None => none(),
            Some(members) => Cow::Owned(owned(format!(r#"{{"type":"object",{members}"#))),
        },
    }
}
