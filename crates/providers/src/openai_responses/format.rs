//! What form the answer must have, and how long it is: `text`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_wire::chat::{ChatCall, ResponseFormat};

use crate::encoding::{empty_object, takes};
use crate::{Target, Unsupported};

/// `text`.
#[derive(Debug, Serialize)]
pub(super) struct Text<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verbosity: Option<&'a str>,
}

/// The form of the answer.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    Text,
    JsonObject,
    JsonSchema(Schema<'a>),
}

/// A schema, read from the caller's bytes: the order of its members is the order in which the
/// model writes them.
#[derive(Debug, Deserialize, Serialize)]
struct Schema<'a> {
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    description: Option<Cow<'a, str>>,
    #[serde(borrow, default = "empty_object")]
    schema: &'a RawValue,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    json_schema: Schema<'a>,
}

/// What is said of the text; nothing where the caller said nothing.
pub(super) fn text<'a>(
    call: &'a ChatCall,
    target: &Target<'_>,
) -> Result<Option<Text<'a>>, Unsupported> {
    let params = call.params();
    let format = match &params.response_format {
        None => None,
        Some(ResponseFormat::Text) => Some(Format::Text),
        Some(ResponseFormat::JsonObject) => takes_json(target).then_some(Format::JsonObject),
        Some(ResponseFormat::JsonSchema { .. }) => json_schema(call, target),
        Some(ResponseFormat::Grammar { .. }) => {
            return Err(Unsupported("answers by a grammar".to_owned()));
        }
        Some(ResponseFormat::Python) => return Err(Unsupported("answers in Python".to_owned())),
    };
    let verbosity = params.verbosity.as_deref().filter(|_| takes(target, "verbosity"));
    // The contract's two highest words are Anthropic's.
    let verbosity = verbosity.map(|it| if matches!(it, "xhigh" | "max") { "high" } else { it });
    Ok((format.is_some() || verbosity.is_some()).then_some(Text { format, verbosity }))
}

fn takes_json(target: &Target<'_>) -> bool {
    takes(target, "response_format")
}

/// A schema where the provider holds the model to it, JSON of any form where it only knows that.
fn json_schema<'a>(call: &'a ChatCall, target: &Target<'_>) -> Option<Format<'a>> {
    let enforced = target.quirks.structured_outputs
        && (takes(target, "structured_outputs") || takes_json(target));
    if !enforced {
        return takes_json(target).then_some(Format::JsonObject);
    }
    let raw = call.member("response_format")?;
    let Wrapped { json_schema: mut schema } = serde_json::from_str(raw).ok()?;
    if schema.name.is_empty() {
        schema.name = Cow::Borrowed("response");
    }
    Some(Format::JsonSchema(schema))
}
