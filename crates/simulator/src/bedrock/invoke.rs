//! Bedrock's `InvokeModel` for what is not a conversation: bodies in the forms of the models'
//! makers.
//!
//! Source: <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html> and
//! <https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html>. Left out:
//! embeddings of media by Nova, and changing parts of a picture.

use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::picture::{ImageFormat, Picture};
use crate::protocol::Label;
use crate::vector::{Encoding, Subject, Vector};
use crate::{cohere, event};

const TITAN_DIMENSIONS: [u64; 3] = [256, 512, 1_024];
const IMAGES_MAX: u64 = 5;

/// Embeds, in the form of whoever made the model.
pub(crate) fn embed(task: &mut Task<'_>) -> Result<Output, Failure> {
    match task.body.get("inputText").or_else(|| task.body.get("inputImage")) {
        Some(_) => titan(task),
        None => with_model(task, cohere::embed),
    }
}

/// Ranks. Cohere's models want to be told the version of the body.
pub(crate) fn rerank(task: &mut Task<'_>) -> Result<Output, Failure> {
    let told = task.body.get("api_version").and_then(Value::as_u64);
    if task.base_model().contains("cohere") && told.is_none_or(|version| version < 2) {
        let message = "Malformed input request: api_version must be at least 2, please reformat \
                       your input and try again.";
        return Err(malformed(message));
    }
    with_model(task, cohere::rerank)
}

/// Cohere's own bodies but for the model, which the path names, and the version.
fn with_model(
    task: &mut Task<'_>,
    act: fn(&mut Task<'_>) -> Result<Output, Failure>,
) -> Result<Output, Failure> {
    if task.body.get("model").is_some() {
        let message = "Malformed input request: #: extraneous key [model] is not permitted, \
                       please reformat your input and try again.";
        return Err(malformed(message));
    }
    let mut members: Map<String, Value> = task.body.as_object().cloned().unwrap_or_default();
    members.remove("api_version");
    members.insert("model".to_owned(), task.label.model.clone().into());
    let body = Value::Object(members);
    let mut inner = Task {
        head: task.head,
        body: &body,
        form: task.form,
        // Here the bodies don't say what was counted.
        label: Label { usage_reported: false, ..task.label.clone() },
        empty: task.empty,
    };
    act(&mut inner)
}

/// One text, one image, or both as one.
fn titan(task: &Task<'_>) -> Result<Output, Failure> {
    const FIELDS: [&str; 6] =
        ["dimensions", "embeddingConfig", "embeddingTypes", "inputImage", "inputText", "normalize"];
    known(task.body, &FIELDS)?;
    let text = task.body.get("inputText").and_then(Value::as_str).map(Subject::text);
    let image = task.body.get("inputImage").and_then(Value::as_str).map(Subject::image);
    let subject = match (text, image) {
        (Some(text), Some(image)) => text.and(image),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Err(malformed("expected type: String, found: JSONArray")),
    };
    let usual = if task.base_model() == "embed" { 8 } else { 1_024 };
    let config = task.body.pointer("/embeddingConfig/outputEmbeddingLength");
    let dimensions = match task.body.get("dimensions").or(config).map(Value::as_u64) {
        None => usual,
        Some(Some(asked)) if TITAN_DIMENSIONS.contains(&asked) || asked == 384 => asked,
        Some(_) => return Err(malformed("dimensions must be one of 256, 512 or 1024")),
    };
    let vector = Vector::of(subject, usize::try_from(dimensions).unwrap_or(1));
    let numbers = vector.encoded(Encoding::Float);
    let mut answer = if task.empty { json!({}) } else { json!({ "embedding": numbers }) };
    if task.label.usage_reported {
        let tokens = text.map_or(0, |text| text.tokens);
        event::set(&mut answer, "inputTextTokenCount", json!(tokens));
    }
    Ok(Output::json(&answer))
}

/// Draws.
pub(crate) fn draw(task: &mut Task<'_>) -> Result<Output, Failure> {
    const FIELDS: [&str; 4] =
        ["imageGenerationConfig", "imageVariationParams", "taskType", "textToImageParams"];
    const CONFIG: [&str; 6] = ["cfgScale", "height", "numberOfImages", "quality", "seed", "width"];
    known(task.body, &FIELDS)?;
    let params = match task.body.get("taskType").and_then(Value::as_str) {
        Some("TEXT_IMAGE") => task.body.get("textToImageParams"),
        Some("IMAGE_VARIATION") => task.body.get("imageVariationParams"),
        _ => return Err(malformed("taskType is not one of TEXT_IMAGE and IMAGE_VARIATION")),
    };
    let prompt = params.and_then(|params| params.get("text")).and_then(Value::as_str);
    let prompt = prompt.filter(|prompt| (1..=1_024).contains(&prompt.chars().count()));
    let prompt = prompt
        .ok_or_else(|| malformed("The prompt must be between 1 and 1024 characters long."))?;
    let config = task.body.get("imageGenerationConfig").unwrap_or(&Value::Null);
    known(config, &CONFIG)?;
    let number = |name: &str, usual: u64| match config.get(name) {
        None => Ok(usual),
        Some(value) => value.as_u64().ok_or_else(|| malformed(&format!("{name} is no integer"))),
    };
    let count = number("numberOfImages", 1)?;
    let (width, height) = (number("width", 1_024)?, number("height", 1_024)?);
    let is_side = |side: u64| (320..=4_096).contains(&side) && side.is_multiple_of(16);
    if !(1..=IMAGES_MAX).contains(&count) {
        return Err(malformed("numberOfImages must be between 1 and 5"));
    }
    if !is_side(width) || !is_side(height) || width * height > 4_194_304 {
        return Err(malformed("width and height must be multiples of 16 between 320 and 4096"));
    }
    let size = format!("{width}x{height}");
    let count = if task.empty { 0 } else { count };
    let one = |index| Picture::of(prompt, index, &size).map(|it| it.base64(ImageFormat::Png));
    let images: Vec<String> = (0..count).filter_map(one).collect();
    Ok(Output::json(&json!({ "images": images, "error": null })))
}

fn known(body: &Value, fields: &[&str]) -> Result<(), Failure> {
    let mut names = body.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    match names.find(|name| !fields.contains(name)) {
        Some(name) => Err(malformed(&format!(
            "Malformed input request: #: extraneous key [{name}] is not permitted, please \
             reformat your input and try again."
        ))),
        None => Ok(()),
    }
}

fn malformed(message: &str) -> Failure {
    Failure::invalid(message)
}
