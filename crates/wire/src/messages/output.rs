//! `output_config.format` as chat's `response_format` (contract §2.1, §3.6).

use crate::chat::ResponseFormat;
use crate::error::BadRequest;
use crate::json::RawObject;
use crate::messages::fields::{Fields, Path, push};
use crate::translation::Translation;
use crate::translation::schema::is_closed;

/// Chat wants every schema to have a name, and this dialect has none for it.
const NAME: &str = "response";

/// The JSON schema that the answer must follow, as the client wrote it. `output_format` is the
/// older name of `output_config.format`.
pub(super) fn schema(object: &RawObject) -> Result<Option<&str>, BadRequest> {
    let config = Path::top("output_config");
    if let Some(raw) = object.member("output_config")
        && let Some(format) = Fields::read(raw, config)?.get("format")
    {
        return read(format, config.member("format")).map(Some);
    }
    object
        .member("output_format")
        .map(|format| read(format, Path::top("output_format")))
        .transpose()
}

fn read<'a>(format: &'a str, path: Path<'_>) -> Result<&'a str, BadRequest> {
    let fields = Fields::read(format, path)?;
    if fields.required_text("type")?.as_str() != "json_schema" {
        return Err(path.member("type").wrong("\"json_schema\"", fields.get("type")));
    }
    let schema = fields.required("schema")?;
    if !schema.starts_with('{') {
        return Err(path.member("schema").wrong("object", Some(schema)));
    }
    Ok(schema)
}

/// Writes chat's `response_format`.
pub(super) fn write(schema: &str, chat: &mut Translation<'_, '_>) {
    let mut json = Vec::with_capacity(schema.len().saturating_add(96));
    let strict = serde_json::from_str(schema).is_ok_and(|schema| is_closed(&schema));
    let head = r#"{"type":"json_schema","json_schema":{"name":""#;
    push(&mut json, &[head, NAME, r#"","schema":"#, schema]);
    push(&mut json, &[if strict { r#","strict":true}}"# } else { "}}" }]);
    chat.raw("response_format", json);
}

/// The same as a parameter.
pub(super) fn format(schema: &str) -> ResponseFormat {
    let schema = serde_json::from_str(schema).ok();
    let strict = schema.as_ref().is_some_and(is_closed).then_some(true);
    ResponseFormat::JsonSchema { name: NAME.to_owned(), description: None, schema, strict }
}

/// Names what of `output_config` is neither format nor effort.
pub(super) fn left_out(
    object: &RawObject,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    let Some(raw) = object.member("output_config") else { return Ok(()) };
    for name in Fields::read(raw, Path::top("output_config"))?.names() {
        if !matches!(name, "format" | "effort") {
            chat.lose(format!("output_config.{name}"));
        }
    }
    Ok(())
}
