//! `GET /openapi.json`: this API for programs, as an OpenAPI 3.1 document.
//!
//! The document is written by hand, in `openapi/`, one file per concept: answers are partly a
//! provider's own bytes, so the types in here are not the whole truth about them. A test holds
//! every kind of answer against it.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::ApiError;

const HEAD: &[u8] = include_bytes!("../../openapi/openapi.json");

/// Operations by their paths, which no two files share.
const PATHS: [&[u8]; 13] = [
    include_bytes!("../../openapi/paths/batches.json"),
    include_bytes!("../../openapi/paths/byok.json"),
    include_bytes!("../../openapi/paths/catalogue.json"),
    include_bytes!("../../openapi/paths/conversations.json"),
    include_bytes!("../../openapi/paths/credit.json"),
    include_bytes!("../../openapi/paths/gateway.json"),
    include_bytes!("../../openapi/paths/keys.json"),
    include_bytes!("../../openapi/paths/logs.json"),
    include_bytes!("../../openapi/paths/operations.json"),
    include_bytes!("../../openapi/paths/organisation.json"),
    include_bytes!("../../openapi/paths/presets.json"),
    include_bytes!("../../openapi/paths/session.json"),
    include_bytes!("../../openapi/paths/usage.json"),
];

/// Schemas by their names, which no two files share.
const SCHEMAS: [&[u8]; 19] = [
    include_bytes!("../../openapi/schemas/batches.json"),
    include_bytes!("../../openapi/schemas/byok.json"),
    include_bytes!("../../openapi/schemas/catalogue.json"),
    include_bytes!("../../openapi/schemas/chat.json"),
    include_bytes!("../../openapi/schemas/completions.json"),
    include_bytes!("../../openapi/schemas/credit.json"),
    include_bytes!("../../openapi/schemas/errors.json"),
    include_bytes!("../../openapi/schemas/gateway.json"),
    include_bytes!("../../openapi/schemas/gemini.json"),
    include_bytes!("../../openapi/schemas/keys.json"),
    include_bytes!("../../openapi/schemas/logs.json"),
    include_bytes!("../../openapi/schemas/messages.json"),
    include_bytes!("../../openapi/schemas/ollama.json"),
    include_bytes!("../../openapi/schemas/operations.json"),
    include_bytes!("../../openapi/schemas/organisation.json"),
    include_bytes!("../../openapi/schemas/presets.json"),
    include_bytes!("../../openapi/schemas/responses.json"),
    include_bytes!("../../openapi/schemas/session.json"),
    include_bytes!("../../openapi/schemas/usage.json"),
];

static DOCUMENT: LazyLock<Result<Bytes, serde_json::Error>> = LazyLock::new(join);

/// The document.
pub(crate) async fn get_openapi() -> Result<Response, ApiError> {
    let document = DOCUMENT.as_ref().map_err(|error| ApiError::internal(error))?;
    let mut response = document.clone().into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

type Object = Map<String, Value>;

/// The document, as far as joining it has to know.
#[derive(Deserialize, Serialize)]
struct Document {
    openapi: String,
    info: Object,
    servers: Value,
    security: Value,
    tags: Value,
    #[serde(default)]
    paths: Object,
    components: Components,
}

#[derive(Deserialize, Serialize)]
struct Components {
    #[serde(default)]
    schemas: Object,
    #[serde(flatten)]
    more: Object,
}

fn join() -> Result<Bytes, serde_json::Error> {
    let mut document: Document = serde_json::from_slice(HEAD)?;
    document.info.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    for part in PATHS {
        document.paths.append(&mut serde_json::from_slice(part)?);
    }
    for part in SCHEMAS {
        document.components.schemas.append(&mut serde_json::from_slice(part)?);
    }
    serde_json::to_vec(&document).map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> Value {
        serde_json::from_slice(&join().unwrap()).unwrap()
    }

    /// Names of the members of every file, in order.
    fn names(parts: &[&[u8]]) -> Vec<String> {
        let read = |part: &&[u8]| serde_json::from_slice::<Object>(part).unwrap();
        let mut names: Vec<String> =
            parts.iter().map(read).flat_map(|part| part.into_iter().map(|it| it.0)).collect();
        names.sort();
        names
    }

    #[test]
    fn every_part_is_in_it_and_none_hides_another() {
        let document = joined();
        for (parts, pointer) in [(&PATHS[..], "/paths"), (&SCHEMAS[..], "/components/schemas")] {
            let whole = document.pointer(pointer).and_then(Value::as_object).unwrap();
            let mut whole: Vec<String> = whole.keys().cloned().collect();
            whole.sort();
            assert_eq!(names(parts), whole, "{pointer}");
        }
    }

    #[test]
    fn it_names_this_version() {
        assert_eq!(joined()["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    /// What nothing answers is in neither, and what is answered is in both.
    #[test]
    fn its_errors_are_those_of_the_page_on_the_api() {
        let page = include_str!("../../../../docs/api.md");
        let (_, errors) = page.split_once("\n## Errors\n").unwrap();
        let rows = errors.lines().filter_map(|line| line.strip_prefix("| ")?.get(..3));
        let mut told: Vec<&str> = rows.filter(|it| it.parse::<u16>().is_ok()).collect();
        told.dedup();
        let document = joined();
        // Any path may answer it, so no operation lists it.
        let mut listed = vec!["405"];
        for path in document["paths"].as_object().unwrap().values() {
            for operation in path.as_object().unwrap().values() {
                let responses = operation["responses"].as_object().unwrap().keys();
                listed.extend(responses.map(String::as_str).filter(|it| *it >= "400"));
            }
        }
        listed.sort_unstable();
        listed.dedup();
        assert_eq!(told, listed);
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_referred_to() {
        let document = joined();
        let mut references = Vec::new();
        let mut values = vec![&document];
        while let Some(value) = values.pop() {
            match value {
                Value::Object(members) => {
                    references.extend(members.get("$ref").and_then(Value::as_str));
                    values.extend(members.values());
                }
                Value::Array(elements) => values.extend(elements),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        for reference in &references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            let reference = format!("#/components/schemas/{name}");
            assert!(references.contains(&reference.as_str()), "{name} is used nowhere");
        }
    }
}
