//! What form the answer must have.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html>

use serde::Serialize;
use tollgate_wire::chat::ResponseFormat;

use super::model::Model;
use crate::anthropic_messages::schema;
use crate::encoding::{takes, told_json};
use crate::{Target, Unsupported};

/// The form of the answer: enforced, asked for, or free.
#[derive(Debug)]
pub(super) enum Form<'a> {
    /// Any text.
    Free,
    /// The provider enforces a schema.
    Schema(OutputConfig<'a>),
    /// The model is told, because the provider has no means to enforce it.
    Instruction(String),
}

/// `outputConfig`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutputConfig<'a> {
    text_format: TextFormat<'a>,
}

#[derive(Debug, Serialize)]
struct TextFormat<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    structure: Structure<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Structure<'a> {
    json_schema: JsonSchema<'a>,
}

#[derive(Debug, Serialize)]
struct JsonSchema<'a> {
    /// The schema as JSON in a text.
    schema: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

/// Whether what a model writes can be held to a schema: its answer, or a tool's arguments.
pub(super) fn enforces(target: &Target<'_>, model: Model) -> bool {
    model.takes_schema() && target.quirks.structured_outputs && takes(target, "structured_outputs")
}

/// Decides how the form asked for is had.
pub(super) fn form<'a>(
    asked: Option<&'a ResponseFormat>,
    target: &Target<'_>,
    model: Model,
) -> Result<Form<'a>, Unsupported> {
    Ok(match asked {
        None | Some(ResponseFormat::Text) => Form::Free,
        Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { schema: None, .. }) => {
            Form::Instruction(told_json(None, false))
        }
        Some(ResponseFormat::JsonSchema { name, description, schema: Some(schema), .. }) => {
            if !enforces(target, model) {
                return Ok(Form::Instruction(told_json(Some(schema), false)));
            }
            let json_schema = JsonSchema {
                schema: schema::adapted(schema).to_string(),
                name,
                description: description.as_deref().filter(|text| !text.is_empty()),
            };
            let structure = Structure { json_schema };
            Form::Schema(OutputConfig {
                text_format: TextFormat { kind: "json_schema", structure },
            })
        }
        Some(ResponseFormat::Grammar { .. }) => {
            return Err(Unsupported("answers by a grammar".to_owned()));
        }
        Some(ResponseFormat::Python) => return Err(Unsupported("answers in Python".to_owned())),
    })
}
