//! What form the answer must have.

use serde::Serialize;
use serde_json::Value;
use tollgate_wire::chat::ResponseFormat;

use super::model::Model;
use super::schema;
use crate::encoding::{takes, told_json};
use crate::{Target, Unsupported};

/// The form of the answer: enforced, asked for, or free.
#[derive(Debug)]
pub(super) enum Form {
    /// Any text.
    Free,
    /// The provider enforces a schema.
    Schema(Format),
    /// The model is told, because the provider has no means to enforce it.
    Instruction(String),
}

/// `output_config.format`.
#[derive(Debug, Serialize)]
pub(super) struct Format {
    #[serde(rename = "type")]
    kind: &'static str,
    schema: Value,
}

/// Decides how the form asked for is had.
pub(super) fn form(
    asked: Option<&ResponseFormat>,
    target: &Target<'_>,
    model: Model,
) -> Result<Form, Unsupported> {
    Ok(match asked {
        None | Some(ResponseFormat::Text) => Form::Free,
        Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { schema: None, .. }) => {
            Form::Instruction(told_json(None, false))
        }
        Some(ResponseFormat::JsonSchema { schema: Some(schema), .. }) => {
            let enforced = model.takes_schema()
                && target.quirks.structured_outputs
                && takes(target, "structured_outputs");
            if enforced {
                Form::Schema(Format { kind: "json_schema", schema: schema::adapted(schema) })
            } else {
                Form::Instruction(told_json(Some(schema), false))
            }
        }
        Some(ResponseFormat::Grammar { .. }) => {
            return Err(Unsupported("answers by a grammar".to_owned()));
        }
        Some(ResponseFormat::Python) => return Err(Unsupported("answers in Python".to_owned())),
    })
}
