//! Tools a caller offers (contract §2.3).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chat::message::CacheControl;

/// One function the model may call.
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
    #[serde(borrow)]
    function: FunctionObject<'a>,
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

impl<'a> From<ToolObject<'a>> for Tool<'a> {
    fn from(it: ToolObject<'a>) -> Self {
        Self {
            name: it.function.name,
            description: it.function.description,
            parameters: it.function.parameters.filter(|schema| schema.get() != "null"),
            strict: it.function.strict,
            cache_control: it.cache_control,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum ToolChoiceObject {
    Word(ToolChoiceWord),
    Function { function: FunctionName },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ToolChoiceWord {
    None,
    Auto,
    Required,
    /// Anthropic's word for required; clients mix them up.
    Any,
}

#[derive(Deserialize)]
pub(super) struct FunctionName {
    name: String,
}

impl From<ToolChoiceObject> for ToolChoice {
    fn from(it: ToolChoiceObject) -> Self {
        match it {
            ToolChoiceObject::Word(ToolChoiceWord::None) => Self::None,
            ToolChoiceObject::Word(ToolChoiceWord::Auto) => Self::Auto,
            ToolChoiceObject::Word(ToolChoiceWord::Required | ToolChoiceWord::Any) => {
                Self::Required
            }
            ToolChoiceObject::Function { function } => Self::Function(function.name),
        }
    }
}
