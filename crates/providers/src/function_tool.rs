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
    /// Required there, and to be the schema of an object even when there are no arguments.
    parameters: &'a RawValue,
}

impl<'a> FunctionTool<'a> {
    /// The tool, without whether it is strict.
    pub(crate) fn new(tool: &'a Tool<'a>) -> Self {
        let function = Function {
            name: &tool.name,
            description: tool.description.as_deref().filter(|text| !text.is_empty()),
            strict: None,
            parameters: tool.parameters.filter(|it| says_something(it)).unwrap_or(no_arguments()),
        };
        Self { kind: "function", function }
    }

    /// The same with whether arguments must follow the schema to the letter.
    pub(crate) fn strict(mut self, strict: Option<bool>) -> Self {
        self.function.strict = strict;
        self
    }
}

/// Whether a schema describes arguments: `{}` allows anything at all, and models then make some up.
fn says_something(schema: &RawValue) -> bool {
    let inner = schema.get().trim_start_matches('{').trim_end_matches('}');
    is_object(schema) && !inner.trim().is_empty()
}

/// The schema of a tool without arguments.
fn no_arguments() -> &'static RawValue {
    serde_json::from_str(r#"{"type":"object","properties":{}}"#).unwrap_or(empty_object())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_without_arguments_has_the_schema_of_an_empty_object() {
        let empty = r#"{"type":"object","properties":{}}"#;
        let some = r#"{"type":"object","properties":{"city":{}}}"#;
        for (given, expected) in
            [(None, empty), (Some("{}"), empty), (Some("{ }"), empty), (Some(some), some)]
        {
            let parameters = given.map(|it| serde_json::from_str(it).unwrap());
            let tool = Tool {
                name: "f".into(),
                description: None,
                parameters,
                strict: None,
                cache_control: None,
            };
            let json = serde_json::to_string(&FunctionTool::new(&tool)).unwrap();
            let whole = format!(
                r#"{{"type":"function","function":{{"name":"f","parameters":{expected}}}}}"#
            );
            assert_eq!(json, whole, "{given:?}");
        }
    }
}
