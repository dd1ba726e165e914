//! A tool in the form that several protocols took over from OpenAI.

use serde::Serialize;
use serde_json::value::RawValue;
use tollgate_wire::chat::Tool;

use crate::encoding::{empty_object, is_object};

/// A tool on offer.
#[derive(Debug, Serialize)]
pub(crate) struct FunctionTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
    /// Required there: a tool without arguments has an empty object.
    parameters: &'a RawValue,
}

impl<'a> FunctionTool<'a> {
    /// The tool, without whether it is strict.
    pub(crate) fn new(tool: &'a Tool<'a>) -> Self {
        let function = Function {
            name: &tool.name,
            description: tool.description.as_deref().filter(|text| !text.is_empty()),
            strict: None,
            parameters: tool.parameters.filter(|it| is_object(it)).unwrap_or(empty_object()),
        };
        Self { kind: "function", function }
    }

    /// The same with whether arguments must follow the schema to the letter.
    pub(crate) fn strict(mut self, strict: Option<bool>) -> Self {
        self.function.strict = strict;
        self
    }
}
