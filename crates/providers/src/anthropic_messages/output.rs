//! What form the answer must have.

use serde::Serialize;
use serde_json::Value;
use tollgate_wire::chat::ResponseFormat;

use super::model::Model;
use super::schema;
use crate::encoding::takes;
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

const JSON_ONLY: &str =
    "Respond with a single valid JSON object and nothing else: no prose, no code fences.";

/// Decides how the form asked for is had.
pub(super) fn form(
    asked: Option<&ResponseFormat>,
    target: &Target<'_>,
    model: Model,
) -> Result<Form, Unsupported> {
    Ok(match asked {
        None | Some(ResponseFormat::Text) => Form::Free,
        Some(ResponseFormat::JsonObject | ResponseFormat::JsonSchema { schema: None, .. }) => {
            Form::Instruction(JSON_ONLY.to_owned())
        }
        Some(ResponseFormat::JsonSchema { schema: Some(schema), .. }) => {
            let enforced = model.takes_schema()
                && target.quirks.structured_outputs
                && takes(target, "structured_outputs");
            if enforced {
                Form::Schema(Format { kind: "json_schema", schema: schema::adapted(schema) })
            } else {
                Form::Instruction(format!("{JSON_ONLY} It must match this JSON schema:\n{schema}"))
            }
        }
        Some(ResponseFormat::Grammar { .. }) => {
            return Err(Unsupported("answers by a grammar".to_owned()));
        }
        Some(ResponseFormat::Python) => return Err(Unsupported("answers in Python".to_owned())),
    })
}
