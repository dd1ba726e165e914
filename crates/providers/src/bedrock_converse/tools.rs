//! Tools and which of them to call (contract §2.3).

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tollgate_wire::chat::{ChatRequest, Tool, ToolChoice};

use super::block::CachePoint;
use super::claude_tools::ClaudeTool;
use super::conversation::Conversation;
use super::model::{Family, Model};
use crate::anthropic_messages::schema;
use crate::anthropic_messages::tools::{Choice, input_schema};
use crate::call_id::{of_letters, of_nine};

/// `toolConfig`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolConfig<'a> {
    tools: &'a [Offer<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Forced<'a>>,
}

/// One tool offered, or the marker behind it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Offer<'a> {
    /// A tool.
    ToolSpec(ToolSpec<'a>),
    /// A prompt-cache marker.
    CachePoint(CachePoint),
}

/// A tool.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolSpec<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: InputSchema<'a>,
    /// Arguments follow the schema to the letter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    strict: bool,
}

#[derive(Debug, Serialize)]
struct InputSchema<'a> {
    json: Cow<'a, RawValue>,
}

/// A choice that leaves the model none. Without one it decides by itself, and several models
/// refuse to be told that they may.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Forced<'a> {
    /// At least one must be called.
    Any {},
    /// This one must be called.
    Tool {
        /// Its name.
        name: &'a str,
    },
}

/// What the caller wants of tools, and of whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The request.
    pub(super) request: &'a ChatRequest<'a>,
    /// The model.
    pub(super) model: Model,
    /// Tools that are not offered in `toolConfig`.
    pub(super) claude_tools: &'a [ClaudeTool<'a>],
}

/// How the choice is put.
#[derive(Debug, Default)]
pub(super) struct Told<'a> {
    /// In `toolConfig`.
    forced: Option<Forced<'a>>,
    /// In Claude's own words, which take the place of the common ones.
    pub(super) claude: Option<Choice<'a>>,
    /// In words to the model.
    pub(super) instruction: Option<&'static str>,
}

const NO_TOOLS: &str = "Do not call any tool. Answer in text.";

/// The longest id of a call.
const ID_CHARACTERS_MAX: usize = 64;

impl Offer<'_> {
    /// Whether it is a prompt-cache marker.
    pub(super) const fn is_marker(&self) -> bool {
        matches!(self, Self::CachePoint(_))
    }
}

impl Told<'_> {
    /// Whether the model has no choice but to call a tool.
    pub(super) fn is_forced(&self) -> bool {
        self.forced.is_some() || self.claude.as_ref().is_some_and(Choice::is_forced)
    }
}

/// The tools offered. A conversation that has calls already can't be read without tools: then
/// those that may not be called are offered too, and the ones it names where the caller has none.
/// `takes_strict` is whether arguments can be held to a schema.
pub(super) fn offered<'a>(
    asked: Asked<'a>,
    conversation: &Conversation<'a>,
    takes_strict: bool,
) -> Vec<Offer<'a>> {
    let Asked { request, model, claude_tools } = asked;
    let called = conversation.called();
    if called.is_none() && request.tool_choice == Some(ToolChoice::None) {
        return Vec::new();
    }
    if request.tools.is_empty() {
        return called.map_or_else(Vec::new, |mut names| {
            // Two tools of one name are refused.
            names.retain(|name| claude_tools.iter().all(|tool| tool.name != *name));
            placeholders(&names)
        });
    }
    let mut offered = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        offered.push(Offer::ToolSpec(spec(tool, takes_strict)));
        let marker = tool.cache_control.as_ref().filter(|_| model.takes_tool_markers());
        offered.extend(marker.map(|it| Offer::CachePoint(CachePoint::read(it, model))));
    }
    offered
}

/// How the model is told of the choice among the tools offered.
pub(super) fn told<'a>(asked: Asked<'a>, offered: &[Offer<'_>]) -> Told<'a> {
    let Asked { request, model, claude_tools } = asked;
    if offered.is_empty() {
        return Told::default();
    }
    let has_none = request.tools.is_empty() && claude_tools.is_empty();
    let none = has_none || request.tool_choice == Some(ToolChoice::None);
    let one_at_a_time = request.params.parallel_tool_calls == Some(false);
    // The common choice knows only the tools that stand beside it.
    let is_claudes = match &request.tool_choice {
        Some(ToolChoice::Function(name)) => claude_tools.iter().any(|tool| tool.name == *name),
        _ => false,
    };
    if model.family == Family::Claude && (none || one_at_a_time || is_claudes) {
        let disable_parallel_tool_use = one_at_a_time;
        let claude = match &request.tool_choice {
            _ if none => Choice::None,
            Some(ToolChoice::Required) => Choice::Any { disable_parallel_tool_use },
            Some(ToolChoice::Function(name)) => Choice::Tool { name, disable_parallel_tool_use },
            None | Some(ToolChoice::Auto | ToolChoice::None) => {
                Choice::Auto { disable_parallel_tool_use }
            }
        };
        return Told { claude: Some(claude), ..Told::default() };
    }
    if none {
        return Told { instruction: Some(NO_TOOLS), ..Told::default() };
    }
    let forced = match request.tool_choice.as_ref() {
        Some(ToolChoice::Required) => Some(Forced::Any {}),
        Some(ToolChoice::Function(name)) => Some(Forced::Tool { name }),
        None | Some(ToolChoice::Auto | ToolChoice::None) => None,
    };
    Told { forced, ..Told::default() }
}

/// `toolConfig`, when there are tools.
pub(super) fn config<'a>(offered: &'a [Offer<'a>], told: &mut Told<'a>) -> Option<ToolConfig<'a>> {
    (!offered.is_empty()).then(|| ToolConfig { tools: offered, tool_choice: told.forced.take() })
}

/// The id of a call as the model takes it. Bedrock bounds its letters and its length; Mistral's
/// models want exactly nine letters and digits.
pub(super) fn tool_id(id: &str, model: Model) -> Cow<'_, str> {
    if model.family == Family::Mistral { of_nine(id) } else { of_letters(id, ID_CHARACTERS_MAX) }
}

fn placeholders<'a>(names: &[&'a str]) -> Vec<Offer<'a>> {
    let mut seen = HashSet::new();
    let mut offered: Vec<_> = names
        .iter()
        .filter(|name| seen.insert(**name))
        .map(|name| Offer::ToolSpec(placeholder(name)))
        .collect();
    if offered.is_empty() {
        offered.push(Offer::ToolSpec(placeholder("unknown")));
    }
    offered
}

fn placeholder(name: &str) -> ToolSpec<'_> {
    let input_schema = InputSchema { json: input_schema(None) };
    ToolSpec { name, description: None, input_schema, strict: false }
}

fn spec<'a>(tool: &'a Tool<'a>, takes_strict: bool) -> ToolSpec<'a> {
    // Without a schema there is nothing to hold arguments to.
    let schema = tool.parameters.filter(|_| takes_strict && tool.strict == Some(true));
    let enforced = schema.and_then(enforceable);
    ToolSpec {
        name: &tool.name,
        description: tool.description.as_deref().filter(|text| !text.is_empty()),
        strict: enforced.is_some(),
        input_schema: InputSchema {
            json: enforced.map_or_else(|| input_schema(tool.parameters), Cow::Owned),
        },
    }
}

/// The schema as the provider enforces it: it refuses words that it does not know.
fn enforceable(schema: &RawValue) -> Option<Box<RawValue>> {
    let schema: Value = serde_json::from_str(schema.get()).ok()?;
    let adapted = Some(schema).filter(Value::is_object).map(|it| schema::adapted(&it))?;
    to_raw_value(&adapted).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_made_to_fit_and_stay_apart() {
        let claude = Model::read("anthropic.claude-sonnet-4-6");
        let mistral = Model::read("mistral.mistral-large-2407-v1:0");
        assert_eq!(tool_id("call_1-a", claude), "call_1-a");
        assert_eq!(tool_id("functions.f:0", claude), "functions_f_0");
        assert_eq!(tool_id("", claude), "call");
        let (one, two) = (format!("{}1", "x".repeat(80)), format!("{}2", "x".repeat(80)));
        assert_eq!(tool_id(&one, claude).len(), 64);
        assert_ne!(tool_id(&one, claude), tool_id(&two, claude));
        assert_eq!(tool_id("abcDEF123", mistral), "abcDEF123");
        let short = tool_id("call_1-a", mistral);
        assert!(short.len() == 9 && short.bytes().all(|it| it.is_ascii_alphanumeric()), "{short}");
    }
}
