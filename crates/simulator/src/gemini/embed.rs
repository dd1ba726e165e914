//! Gemini's embeddings, one by one and in batches.
//!
//! Source: <https://ai.google.dev/api/embeddings>.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::read::{get, known};
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::vector::{Encoded, Encoding, Subject, Vector};

const BATCH_MAX: usize = 100;
const DIMENSIONS_MAX: u64 = 3_072;
const FIELDS: [&str; 5] = ["content", "model", "output_dimensionality", "task_type", "title"];
const TASK_TYPES: [&str; 9] = [
    "TASK_TYPE_UNSPECIFIED",
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

#[derive(Serialize)]
struct Values {
    values: Encoded,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embeddings: Option<Vec<Values>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_metadata: Option<Value>,
}

/// Embeds one content.
pub(crate) fn embed(task: &mut Task<'_>) -> Result<Output, Failure> {
    let request = configured(task);
    let (values, tokens) = one(&request, task, "EmbedContentRequest")?;
    let empty = || Values { values: Encoded::Floats(Vec::new()) };
    let embedding = if task.empty { empty() } else { values };
    Ok(Output::json(&Answer {
        embedding: Some(embedding),
        embeddings: None,
        usage_metadata: usage(task, tokens),
    }))
}

/// Vertex AI has what is not content in an object of its own, or beside it as before.
fn configured<'a>(task: &Task<'a>) -> Cow<'a, Value> {
    let config = get(task.body, "embedContentConfig").and_then(Value::as_object);
    let on_vertex = task.head.uri.path().contains("/publishers/");
    let (Some(config), Some(body)) = (config.filter(|_| on_vertex), task.body.as_object()) else {
        return Cow::Borrowed(task.body);
    };
    let mut members = body.clone();
    members
        .retain(|name, _| !matches!(name.as_str(), "embedContentConfig" | "embed_content_config"));
    members.extend(config.clone());
    Cow::Owned(Value::Object(members))
}

/// Embeds the contents of several requests, all of them for the same model.
pub(crate) fn embed_batch(task: &mut Task<'_>) -> Result<Output, Failure> {
    known(task.body, &["model", "requests"])?;
    let requests =
        task.body.get("requests").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if requests.is_empty() || requests.len() > BATCH_MAX {
        return Err(Failure::invalid(format!(
            "* BatchEmbedContentsRequest.requests: between 1 and {BATCH_MAX} requests can be in \
             one batch\n"
        )));
    }
    let wanted = format!("models/{}", task.label.model);
    let mut embeddings = Vec::with_capacity(requests.len());
    let mut sum = 0;
    for (index, request) in requests.iter().enumerate() {
        let place = format!("BatchEmbedContentsRequest.requests[{index}]");
        if request.get("model").and_then(Value::as_str) != Some(wanted.as_str()) {
            return Err(Failure::invalid(format!(
                "* {place}.model: the model does not match the model in the batch request\n"
            )));
        }
        let (values, tokens) = one(request, task, &place)?;
        embeddings.push(values);
        sum += tokens;
    }
    if task.empty {
        embeddings.clear();
    }
    let embeddings = Some(embeddings);
    Ok(Output::json(&Answer { embedding: None, embeddings, usage_metadata: usage(task, sum) }))
}

/// The vector of one request, and its tokens; `place` names the request in what is refused.
fn one(request: &Value, task: &Task<'_>, place: &str) -> Result<(Values, u64), Failure> {
    known(request, &FIELDS)?;
    let subject = request.get("content").and_then(subject).ok_or_else(|| {
        Failure::invalid(format!("* {place}.content: contents is not specified\n"))
    })?;
    if let Some(kind) = get(request, "taskType")
        && !kind.as_str().is_some_and(|kind| TASK_TYPES.contains(&kind))
    {
        return Err(Failure::invalid(format!(
            "Invalid value at 'task_type' \
             (type.googleapis.com/google.ai.generativelanguage.v1beta.TaskType), {kind}"
        )));
    }
    let usual = if task.base_model() == "embed" { 8 } else { DIMENSIONS_MAX };
    let asked = get(request, "outputDimensionality").map(Value::as_u64);
    let dimensions = match asked {
        None => usual,
        Some(Some(asked)) if (1..=DIMENSIONS_MAX).contains(&asked) => asked,
        Some(_) => {
            return Err(Failure::invalid(format!(
                "* {place}.output_dimensionality: must be between 1 and {DIMENSIONS_MAX}\n"
            )));
        }
    };
    let vector = Vector::of(subject, usize::try_from(dimensions).unwrap_or(1));
    Ok((Values { values: vector.encoded(Encoding::Float) }, subject.tokens))
}

/// The parts of a content as one.
fn subject(content: &Value) -> Option<Subject> {
    let mut whole: Option<Subject> = None;
    for part in content.get("parts")?.as_array()? {
        let data = get(part, "inlineData").and_then(|data| data.get("data"));
        let subject = match (part.get("text").and_then(Value::as_str), data) {
            (Some(text), _) => Subject::text(text),
            (None, data) => Subject::image(data?.as_str()?),
        };
        whole = Some(whole.map_or(subject, |before| before.and(subject)));
    }
    whole
}

fn usage(task: &Task<'_>, tokens: u64) -> Option<Value> {
    let tokens = if task.empty { 0 } else { tokens };
    task.label.usage_reported.then(|| json!({ "promptTokenCount": tokens }))
}
