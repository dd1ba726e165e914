//! Cohere's embeddings of texts and images.
//!
//! Source: <https://docs.cohere.com/v2/reference/embed>.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::check;
use crate::event::set;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::vector::{Encoded, Encoding, Subject, Vector};

const INPUTS_MAX: usize = 96;
const FIELDS: [&str; 10] = [
    "embedding_types",
    "images",
    "input_type",
    "inputs",
    "max_tokens",
    "model",
    "output_dimension",
    "priority",
    "texts",
    "truncate",
];
const INPUT_TYPES: [&str; 5] =
    ["search_document", "search_query", "classification", "clustering", "image"];
const DIMENSIONS: [u64; 4] = [256, 512, 1_024, 1_536];

#[derive(Serialize)]
struct Answer<'a> {
    id: String,
    embeddings: BTreeMap<&'a str, Vec<Encoded>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<&'a Value>,
    meta: Value,
    response_type: &'static str,
}

/// Embeds texts, images, or both together.
pub(crate) fn embed(task: &mut Task<'_>) -> Result<Output, Failure> {
    let body = task.body;
    check::known(body, &FIELDS, "embed")?;
    let kind = body.get("input_type").and_then(Value::as_str).unwrap_or_default();
    if !INPUT_TYPES.contains(&kind) {
        let message = "invalid request: valid input_type must be provided with the provided model";
        return Err(Failure::invalid(message));
    }
    truncation(body)?;
    let (mut subjects, images) = subjects(body)?;
    let types = types(body)?;
    let dimensions = dimensions(task)?;
    if task.empty {
        subjects.clear();
    }
    let vectors: Vec<Vector> =
        subjects.iter().map(|subject| Vector::of(*subject, dimensions)).collect();
    let encoded = |name: &str| -> Vec<Encoded> {
        let one = |vector: &Vector| match Encoding::named(name) {
            Some(encoding) => vector.encoded(encoding),
            None => vector.encoded(Encoding::Float).base64(),
        };
        vectors.iter().map(one).collect()
    };
    let embeddings = types.into_iter().map(|name| (name, encoded(name))).collect();
    let mut meta = json!({ "api_version": { "version": "2" } });
    if task.label.usage_reported {
        let tokens: u64 = subjects.iter().map(|subject| subject.tokens).sum();
        let images = if task.empty { 0 } else { images };
        let units = match images {
            0 => json!({ "input_tokens": tokens }),
            images => json!({ "input_tokens": tokens, "images": images }),
        };
        set(&mut meta, "billed_units", units);
    }
    Ok(Output::json(&Answer {
        id: task.label.ids.uuid(),
        embeddings,
        texts: body.get("texts"),
        meta,
        response_type: "embeddings_by_type",
    }))
}

/// What is to be embedded, and how many images are among it.
fn subjects(body: &Value) -> Result<(Vec<Subject>, u64), Failure> {
    let list = |key: &str| body.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    let (name, list) = match (list("texts"), list("images"), list("inputs")) {
        (Some(texts), None, None) => ("texts", texts),
        (None, Some(images), None) => ("images", images),
        (None, None, Some(inputs)) => ("inputs", inputs),
        _ => {
            return Err(Failure::invalid(
                "invalid request: exactly one of texts, images or inputs must be provided",
            ));
        }
    };
    if list.len() > INPUTS_MAX {
        return Err(Failure::invalid(format!(
            "invalid request: total number of {name} must be at most {INPUTS_MAX} - received {}",
            list.len()
        )));
    }
    let wrong = || Failure::invalid(format!("invalid request: {name} are not valid"));
    let mut images = 0;
    let mut subjects = Vec::with_capacity(list.len());
    for one in list {
        let subject = match name {
            "texts" => one.as_str().map(Subject::text),
            "images" => picture(one, &mut images),
            _ => mixed(one, &mut images),
        };
        subjects.push(subject.ok_or_else(wrong)?);
    }
    Ok((subjects, images))
}

fn picture(url: &Value, images: &mut u64) -> Option<Subject> {
    let url = url.as_str().filter(|url| url.starts_with("data:image/"))?;
    *images += 1;
    Some(Subject::image(url))
}

/// Parts that are embedded as one.
fn mixed(input: &Value, images: &mut u64) -> Option<Subject> {
    let mut whole: Option<Subject> = None;
    for part in input.get("content")?.as_array()? {
        let subject = match part.get("type")?.as_str()? {
            "text" => Subject::text(part.get("text")?.as_str()?),
            "image_url" => picture(part.pointer("/image_url/url")?, images)?,
            _ => return None,
        };
        whole = Some(whole.map_or(subject, |before| before.and(subject)));
    }
    whole
}

fn types(body: &Value) -> Result<Vec<&str>, Failure> {
    let Some(types) = body.get("embedding_types").and_then(Value::as_array) else {
        return Ok(vec!["float"]);
    };
    let known = |name: &&str| *name == "base64" || Encoding::named(name).is_some();
    types
        .iter()
        .map(|name| {
            name.as_str().filter(known).ok_or_else(|| {
                Failure::invalid(format!(
                    "invalid request: {name} is not a valid embedding type, must be one of \
                     'float', 'int8', 'uint8', 'binary', 'ubinary' or 'base64'"
                ))
            })
        })
        .collect()
}

fn dimensions(task: &Task<'_>) -> Result<usize, Failure> {
    let usual = if task.base_model() == "embed" { 8 } else { 1_536 };
    let asked = match task.body.get("output_dimension") {
        None | Some(Value::Null) => Some(usual),
        Some(asked) => asked.as_u64().filter(|asked| DIMENSIONS.contains(asked) || *asked == usual),
    };
    asked.and_then(|asked| usize::try_from(asked).ok()).ok_or_else(|| {
        Failure::invalid(format!("invalid request: output_dimension must be one of {DIMENSIONS:?}"))
    })
}

fn truncation(body: &Value) -> Result<(), Failure> {
    match body.get("truncate").map(Value::as_str) {
        None | Some(Some("NONE" | "START" | "END")) => Ok(()),
        Some(_) => {
            let message = "invalid request: truncate must be one of 'NONE', 'START' or 'END'";
            Err(Failure::invalid(message))
        }
    }
}
