//! Tools a caller offers (contract §2.3).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::message::CacheControl;
use crate::error::BadRequest;
use crate::json::wrong_type;
use crate::translation::custom;

/// One function the model may call. A custom tool of OpenAI's is one too: it takes a string.
#[derive(Debug, Clone)]
pub struct Tool<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// What it does.
    pub description: Option<Cow<'a, str>>,
    /// Its arguments as a JSON schema, as the caller wrote it.
    pub parameters: Option<&'a RawValue>,
    /// Whether arguments must follow the schema to the letter.
    pub strict: Option<bool>,
    /// A prompt-cache marker behind this tool.
    pub cache_control: Option<CacheControl>,
}

/// Whether and which tool must be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// None may.
    None,
    /// The model decides.
    Auto,
    /// At least one must.
    Required,
    /// This one must.
    Function(String),
}

#[derive(Deserialize)]
pub(super) struct ToolObject<'a> {
    #[serde(borrow, default)]
    function: Option<FunctionObject<'a>>,
    #[serde(borrow, default)]
    custom: Option<CustomObject<'a>>,
    cache_control: Option<CacheControl>,
}

#[derive(Deserialize)]
struct FunctionObject<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    strict: Option<bool>,
}

#[derive(Deserialize)]
struct CustomObject<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow)]
    format: Option<&'a RawValue>,
}

impl<'a> ToolObject<'a> {
    /// The tool; its place in the list is for whoever reads what is wrong with it.
    pub(super) fn read(self, index: usize) -> Result<Tool<'a>, BadRequest> {
        let cache_control = self.cache_control;
        match (self.function, self.custom) {
            (Some(it), _) => Ok(Tool {
                name: it.name,
                description: it.description,
                parameters: it.parameters.filter(|schema| schema.get() != "null"),
                strict: it.strict,
                cache_control,
            }),
            (None, Some(it)) => Ok(Tool {
                name: it.name,
                description: custom::description(it.description, it.format),
                parameters: custom::parameters(),
                strict: None,
                cache_control,
            }),
            (None, None) => Err(BadRequest::new(format!("tools.{index}.function: Required"))),
        }
    }
}

/// Names of the custom tools among `tools`, a JSON array: calls of them take text.
pub(super) fn custom_names(tools: &str) -> Vec<String> {
    #[derive(Deserialize)]
    struct Offered {
        custom: Option<Named>,
    }
    // Hardly anybody offers one.
    if !tools.contains("\"custom\"") {
        return Vec::new();
    }
    let tools: Vec<Offered> = serde_json::from_str(tools).unwrap_or_default();
    tools.into_iter().filter_map(|tool| tool.custom).map(|custom| custom.name).collect()
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ChoiceObject {
    Word(ChoiceWord),
    Allowed { allowed_tools: Allowed },
    Named(NamedTool),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ChoiceWord {
    None,
    Auto,
    Required,
    /// Anthropic's word for required; clients mix them up.
    Any,
}

#[derive(Deserialize)]
struct Allowed {
    mode: Option<ChoiceWord>,
    tools: Vec<NamedTool>,
}

#[derive(Deserialize)]
struct NamedTool {
    #[serde(alias = "custom")]
    function: Named,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Which tool to call, and which of them may be.
pub(super) struct Chosen {
    choice: Option<ToolChoice>,
    /// Names; all where there is no list.
    allowed: Option<Vec<String>>,
}

impl Chosen {
    /// Reads `tool_choice`.
    pub(super) fn read(raw: &str) -> Result<Self, BadRequest> {
        let expected = "none, auto, required or an object with function, custom or allowed_tools";
        let choice = serde_json::from_str(raw);
        Ok(match choice.map_err(|_| wrong_type("tool_choice", expected, raw))? {
            ChoiceObject::Word(word) => Self { choice: Some(word.into()), allowed: None },
            ChoiceObject::Named(tool) => {
                Self { choice: Some(ToolChoice::Function(tool.function.name)), allowed: None }
            }
            ChoiceObject::Allowed { allowed_tools: Allowed { mode, tools } } => Self {
                choice: mode.map(ToolChoice::from),
                allowed: Some(tools.into_iter().map(|tool| tool.function.name).collect()),
            },
        })
    }

    /// Takes out what may not be called, as the Responses dialect does. Providers refuse a choice
    /// among nothing, so there is none then.
    pub(super) fn narrow(
        self,
        tools: &mut Vec<Tool<'_>>,
    ) -> Result<Option<ToolChoice>, BadRequest> {
        let Some(allowed) = self.allowed else { return Ok(self.choice) };
        tools.retain(|tool| allowed.iter().any(|name| *name == tool.name));
        match self.choice {
            Some(ToolChoice::Required) if tools.is_empty() => Err(BadRequest::new(
                "tool_choice: A call is required, but none of the allowed tools is offered",
            )),
            _ if tools.is_empty() => Ok(None),
            choice => Ok(choice),
        }
    }
}

impl From<ChoiceWord> for ToolChoice {
    fn from(word: ChoiceWord) -> Self {
        match word {
            ChoiceWord::None => Self::None,
            ChoiceWord::Auto => Self::Auto,
            ChoiceWord::Required | ChoiceWord::Any => Self::Required,
        }
    }
}
