//! `text`: the form and the length of the answer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::wrong_type;

/// What `text` asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct TextConfig<'a> {
    #[serde(borrow, default)]
    format: Option<&'a RawValue>,
    #[serde(borrow, default)]
    verbosity: Option<&'a RawValue>,
}

/// A format by schema; this dialect has its members beside `type`, chat has them one level deeper.
#[derive(Deserialize)]
struct SchemaFormat<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    description: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    schema: Option<&'a RawValue>,
    #[serde(default)]
    strict: Option<bool>,
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    json_schema: JsonSchema<'a>,
}

#[derive(Serialize)]
struct JsonSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

impl<'a> TextConfig<'a> {
    /// Reads the member.
    pub(super) fn read(raw: &'a str) -> Result<Self, BadRequest> {
        serde_json::from_str(raw)
            .map_err(|_| wrong_type("text", "object with format and verbosity", raw))
    }

    /// How detailed the answer should be.
    pub(super) fn verbosity(&self) -> Option<&'a RawValue> {
        self.verbosity
    }

    /// The format as chat's `response_format`; none for plain text, which needs no asking.
    pub(super) fn response_format(&self) -> Result<Option<String>, BadRequest> {
        let Some(raw) = self.format else { return Ok(None) };
        let format: SchemaFormat<'_> = serde_json::from_str(raw.get()).map_err(|_| {
            wrong_type(
                "text.format",
                "object with type text, json_object or json_schema",
                raw.get(),
            )
        })?;
        match &*format.kind {
            "text" => Ok(None),
            "json_schema" => {
                let name = format.name.as_deref();
                let name = name.ok_or_else(|| BadRequest::new("text.format.name: Required"))?;
                let json_schema = JsonSchema {
                    name,
                    description: format.description.as_deref(),
                    schema: format.schema,
                    strict: format.strict,
                };
                let written = ResponseFormat { kind: "json_schema", json_schema };
                Ok(serde_json::to_string(&written).ok())
            }
            // `json_object` has one form in both dialects; so has what a later version adds, or
            // chat says that it does not know it.
            _ => Ok(Some(raw.get().to_owned())),
        }
    }
}
