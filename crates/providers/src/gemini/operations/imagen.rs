//! Pictures by Imagen, which does nothing else.
//!
//! <https://ai.google.dev/gemini-api/docs/imagen>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api>
//!
//! A seed is dropped: it needs pictures without a watermark. Effort can't be asked for.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use tollgate_types::Usage;
use tollgate_wire::operation::{ImageRequest, OperationAnswer};

use super::super::fault::refined;
use super::image::{OutputOptions, is_default, opaque};
use crate::operation::answers::{empty, image, images, parse};
use crate::operation::inputs::aspect_ratio;
use crate::{Fault, FaultKind, Unsupported};

/// The shapes it has.
const SHAPES: &[&str] = &["1:1", "3:4", "4:3", "9:16", "16:9"];

/// Most pictures of one call.
const COUNT_MAX: u64 = 4;

#[derive(Serialize)]
struct Body<'a> {
    instances: [Instance<'a>; 1],
    parameters: Parameters<'a>,
}

#[derive(Serialize)]
struct Instance<'a> {
    prompt: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters<'a> {
    sample_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect_ratio: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_image_size: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    output_options: OutputOptions,
}

/// Whether a model is one of Imagen.
pub(crate) fn is_one(model: &str) -> bool {
    model.rsplit('/').next().unwrap_or_default().starts_with("imagen")
}

/// The body.
pub(crate) fn body(request: &ImageRequest) -> Result<Vec<u8>, Unsupported> {
    opaque(request)?;
    if !request.references.is_empty() {
        return Err(Unsupported("pictures to begin with, for a model that takes texts".to_owned()));
    }
    let sample_count = request.count.unwrap_or(1);
    if sample_count > COUNT_MAX {
        return Err(Unsupported(format!("more than {COUNT_MAX} pictures at once")));
    }
    let sample_image_size = match request.tier() {
        size @ (None | Some("1K" | "2K")) => size,
        Some(size) => return Err(Unsupported(format!("a picture of the size {size}"))),
    };
    super::json(&Body {
        instances: [Instance { prompt: &request.prompt }],
        parameters: Parameters {
            sample_count,
            aspect_ratio: aspect_ratio(request, SHAPES)?,
            sample_image_size,
            output_options: OutputOptions::read(request)?,
        },
    })
}

/// The answer. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    predictions: Option<Vec<Prediction>>,
    error: Option<IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Prediction {
    bytes_base64_encoded: Option<String>,
    mime_type: Option<String>,
    rai_filtered_reason: Option<String>,
}

/// Reads the answer. Fewer pictures than were asked for are an answer: the filters take some.
pub(super) fn read(
    body: &[u8],
    request: &ImageRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    if response.error.is_some() {
        return Err(refined(Fault::in_band(body), body));
    }
    let predictions = response.predictions.unwrap_or_default();
    let filtered = predictions.iter().find_map(|it| it.rai_filtered_reason.clone());
    let drawn = |it: Prediction| it.bytes_base64_encoded.map(|data| image(data, it.mime_type));
    let pictures = predictions.into_iter().filter_map(drawn).collect::<Result<Vec<_>, _>>()?;
    if pictures.is_empty() {
        return Err(match filtered {
            Some(reason) => Fault::with_message(FaultKind::ContentPolicy, &reason),
            None => empty("pictures"),
        });
    }
    let completion_images = u64::try_from(pictures.len()).unwrap_or(u64::MAX);
    if completion_images > request.count.unwrap_or(1) {
        return Err(Fault::malformed("it has more pictures than were asked for"));
    }
    Ok(OperationAnswer {
        content: images(pictures)?,
        usage: Usage { completion_images, ..measured },
        upstream_id: None,
    })
}
