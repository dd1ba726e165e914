//! Custom tools, which take text: elsewhere they are functions with one string.
//!
//! OpenAI's Responses and chat have them; no other protocol does. Calls of the function become
//! calls of the custom tool again.
//!
//! <https://platform.openai.com/docs/guides/function-calling#custom-tools>

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a custom tool takes as a function: a schema of [`CustomArguments`].
const PARAMETERS: &str = r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}"#;

/// The schema of [`CustomArguments`].
pub(crate) fn parameters() -> Option<&'static RawValue> {
    serde_json::from_str(PARAMETERS).ok()
}

/// What the text for a custom tool must look like. A grammar stands in it or, in chat, one level
/// deeper.
#[derive(Deserialize)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    syntax: Cow<'a, str>,
    #[serde(borrow, default)]
    definition: Cow<'a, str>,
    #[serde(borrow, default)]
    grammar: Option<Grammar<'a>>,
}

#[derive(Deserialize)]
struct Grammar<'a> {
    #[serde(borrow, default)]
    syntax: Cow<'a, str>,
    #[serde(borrow, default)]
    definition: Cow<'a, str>,
}

/// What the function is for. A grammar can't be enforced, but it can be told.
pub(crate) fn description<'a>(
    description: Option<Cow<'a, str>>,
    format: Option<&'a RawValue>,
) -> Option<Cow<'a, str>> {
    let format = format.and_then(|raw| serde_json::from_str::<Format<'_>>(raw.get()).ok());
    let Some(format) = format.filter(|format| format.kind == "grammar") else {
        return description;
    };
    let flat = Grammar { syntax: format.syntax, definition: format.definition };
    let grammar = format.grammar.unwrap_or(flat);
    let before = description.map_or_else(String::new, |text| format!("{text}\n\n"));
    Some(Cow::Owned(format!(
        "{before}`input` must match this {} grammar:\n{}",
        grammar.syntax, grammar.definition
    )))
}

/// The arguments of the function that a custom tool becomes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CustomArguments<'a> {
    /// What the tool takes.
    #[serde(borrow)]
    pub(crate) input: Cow<'a, str>,
}

impl<'a> CustomArguments<'a> {
    /// Reads the input out of a function's arguments. A model that did not follow the schema gave
    /// the input itself.
    pub(crate) fn input_of(arguments: &'a str) -> Cow<'a, str> {
        match serde_json::from_str::<Self>(arguments) {
            Ok(it) => it.input,
            Err(_) => Cow::Borrowed(arguments),
        }
    }

    /// The arguments as JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
