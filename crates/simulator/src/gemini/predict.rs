//! Images, as Imagen makes them.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/imagen>.

use serde_json::{Value, json};

use super::read::{get, known};
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::picture::{ImageFormat, Picture};

const SAMPLES_MAX: u64 = 4;
/// What each shape comes to.
const SHAPES: [(&str, &str); 5] = [
    ("1:1", "1024x1024"),
    ("3:4", "896x1280"),
    ("4:3", "1280x896"),
    ("9:16", "768x1408"),
    ("16:9", "1408x768"),
];

/// Makes images for the first prompt.
pub(crate) fn predict(task: &mut Task<'_>) -> Result<Output, Failure> {
    known(task.body, &["instances", "labels", "parameters"])?;
    let prompt = task.body.pointer("/instances/0/prompt").and_then(Value::as_str);
    let prompt = prompt.filter(|prompt| !prompt.is_empty());
    let prompt =
        prompt.ok_or_else(|| Failure::invalid("Image generation failed: empty prompt."))?;
    let parameters = task.body.get("parameters").unwrap_or(&Value::Null);
    let samples = match get(parameters, "sampleCount").map(Value::as_u64) {
        None => SAMPLES_MAX,
        Some(Some(count)) if (1..=SAMPLES_MAX).contains(&count) => count,
        Some(_) => {
            return Err(Failure::invalid(format!(
                "sampleCount must be between 1 and {SAMPLES_MAX}."
            )));
        }
    };
    let shape = get(parameters, "aspectRatio").map_or(Some("1:1"), Value::as_str);
    let size = shape.and_then(|shape| SHAPES.iter().find(|(name, _)| *name == shape));
    let (_, size) = size
        .ok_or_else(|| Failure::invalid("aspectRatio must be one of 1:1, 3:4, 4:3, 9:16, 16:9."))?;
    let format = format(parameters)?;
    let one = |index| {
        let picture = Picture::of(prompt, index, size);
        json!({
            "mimeType": format.media_type(),
            "bytesBase64Encoded": picture.map(|picture| picture.base64(format)),
        })
    };
    let samples = if task.empty { 0 } else { samples };
    // Without an image there are no predictions either, as when all were filtered out.
    let answer = match samples {
        0 => json!({}),
        samples => json!({ "predictions": (0..samples).map(one).collect::<Vec<_>>() }),
    };
    Ok(Output::json(&answer))
}

fn format(parameters: &Value) -> Result<ImageFormat, Failure> {
    let asked = get(parameters, "outputOptions").and_then(|options| get(options, "mimeType"));
    let Some(asked) = asked else { return Ok(ImageFormat::Png) };
    match asked.as_str().and_then(ImageFormat::named) {
        Some(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => Ok(format),
        Some(ImageFormat::Webp) | None => {
            Err(Failure::invalid("outputOptions.mimeType must be image/png or image/jpeg."))
        }
    }
}
