//! Forms of providers that go their own way at OpenAI's address, or at their own.

use serde_json::{Value, json};
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::operation::{ImageFormat, ImageQuality, ImageRequest, MediaSource};

use super::super::members;
use crate::Task;

/// OpenRouter's own form, which is the contract's: as it came, with the references in the form
/// they were brought to. A stream is not asked for.
pub(super) fn openrouter(task: &Task<'_>, request: &ImageRequest) -> Vec<u8> {
    let write = |object: &mut ObjectWriter<'_>, key: &str, raw: &str| match key {
        "response_format" => {}
        "input_references" => object.field("input_references", &references(request)),
        key => object.member(key, raw),
    };
    members::body(task, write, |_| {})
}

fn references(request: &ImageRequest) -> Vec<Value> {
    let uris = request.references.iter().map(MediaSource::to_uri);
    uris.map(|url| json!({ "type": "image_url", "image_url": { "url": url } })).collect()
}

/// Together's: <https://docs.together.ai/reference/post-images-generations>.
pub(super) fn together(task: &Task<'_>, request: &ImageRequest) -> Vec<u8> {
    let references: Vec<String> = request.references.iter().map(MediaSource::to_uri).collect();
    written(task, request, |object| {
        if let Some(size) = request.size() {
            object.field("width", &size.width);
            object.field("height", &size.height);
        }
        if let Some(seed) = request.seed {
            object.field("seed", &seed);
        }
        match references.as_slice() {
            [] => {}
            [only] => object.field("image_url", only),
            several => object.field("reference_images", several),
        }
        if let Some(format @ (ImageFormat::Png | ImageFormat::Jpeg)) = request.format {
            object.field("output_format", format.as_str());
        }
        object.field("response_format", "base64");
    })
}

/// xAI's: <https://docs.x.ai/docs/guides/image-generations>.
pub(super) fn xai(task: &Task<'_>, request: &ImageRequest) -> Vec<u8> {
    let sources = request.references.iter().map(MediaSource::to_uri);
    let references: Vec<Value> =
        sources.map(|url| json!({ "url": url, "type": "image_url" })).collect();
    written(task, request, |object| {
        if let Some(ratio) = request.ratio().or(request.aspect_ratio.as_deref()) {
            object.field("aspect_ratio", ratio);
        }
        // There are two tiers.
        let tier = request.tier().map(|tier| match tier {
            "512" | "1K" => "1k",
            _ => "2k",
        });
        if let Some(tier) = tier {
            object.field("resolution", tier);
        }
        if let Some(quality @ (ImageQuality::Low | ImageQuality::Medium | ImageQuality::High)) =
            request.quality
        {
            object.field("quality", quality.as_str());
        }
        match references.as_slice() {
            [] => {}
            [only] => object.field("image", only),
            several => object.field("images", several),
        }
        object.field("response_format", "b64_json");
    })
}

/// What every form has, and what `write` adds.
fn written(
    task: &Task<'_>,
    request: &ImageRequest,
    write: impl FnOnce(&mut ObjectWriter<'_>),
) -> Vec<u8> {
    let mut body = Vec::with_capacity(task.call.object().text().len().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", task.target.upstream_model);
    object.field("prompt", &request.prompt);
    if let Some(count) = request.count {
        object.field("n", &count);
    }
    write(&mut object);
    for (name, raw) in members::unknown(task).filter(|(name, _)| *name != "partial_images") {
        object.member(name, raw);
    }
    if let Some(user) = members::end_user(task) {
        object.field("user", user);
    }
    object.end();
    body
}
