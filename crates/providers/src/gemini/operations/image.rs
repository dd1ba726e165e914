//! Pictures by the models that also talk.
//!
//! <https://ai.google.dev/gemini-api/docs/image-generation>
//!
//! A call makes one picture. Vertex AI can be told the form of the file; AI Studio chooses it, and
//! the answer says which it chose.

use std::borrow::Cow;

use serde::Serialize;
use tollgate_types::Usage;
use tollgate_wire::operation::{Background, ImageFormat, ImageRequest, OperationAnswer};

use super::super::generation::seed;
use super::super::model::{Host, Model};
use super::generate::{self, Blob, Content, Media, Part};
use crate::operation::answers::{image, images};
use crate::operation::inputs::{aspect_ratio, inline};
use crate::{Fault, Unsupported};

/// The shapes these models have.
const SHAPES: &[&str] = &[
    "1:1", "1:4", "1:8", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1", "9:16", "16:9",
    "21:9",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: [Content<'a>; 1],
    generation_config: Generation<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation<'a> {
    response_modalities: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "is_default")]
    image_config: ImageConfig<'a>,
}

#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ImageConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    aspect_ratio: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_size: Option<&'a str>,
    #[serde(skip_serializing_if = "is_default")]
    image_output_options: OutputOptions,
}

/// The form of the file.
#[derive(Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OutputOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compression_quality: Option<u64>,
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl OutputOptions {
    /// The form that is asked for. Only JPEG has a quality.
    pub(super) fn read(request: &ImageRequest) -> Result<Self, Unsupported> {
        let mime_type = match request.format {
            None => None,
            Some(ImageFormat::Png) => Some("image/png"),
            Some(ImageFormat::Jpeg) => Some("image/jpeg"),
            Some(ImageFormat::Webp | ImageFormat::Svg) => {
                return Err(Unsupported("pictures other than PNG and JPEG".to_owned()));
            }
        };
        let is_jpeg = request.format == Some(ImageFormat::Jpeg);
        Ok(Self { mime_type, compression_quality: request.compression.filter(|_| is_jpeg) })
    }
}

/// Nothing here draws on glass.
pub(super) fn opaque(request: &ImageRequest) -> Result<(), Unsupported> {
    match request.background {
        Some(Background::Transparent) => {
            Err(Unsupported("pictures with a transparent background".to_owned()))
        }
        None | Some(Background::Auto | Background::Opaque) => Ok(()),
    }
}

/// The body.
pub(crate) fn body(
    request: &ImageRequest,
    model: &str,
    host: Host,
) -> Result<Vec<u8>, Unsupported> {
    if request.count.is_some_and(|count| count > 1) {
        return Err(Unsupported("several pictures at once".to_owned()));
    }
    opaque(request)?;
    let options = OutputOptions::read(request)?;
    let mut parts = Vec::with_capacity(request.references.len().saturating_add(1));
    for reference in &request.references {
        let (mime_type, data) = inline(reference, "an image")?;
        parts.push(Part::media(Blob { mime_type, data }));
    }
    parts.push(Part::text(Cow::Borrowed(&request.prompt)));
    super::json(&Body {
        contents: [Content { role: Some("user"), parts }],
        generation_config: Generation {
            response_modalities: ["IMAGE"],
            seed: request.seed.and_then(seed),
            image_config: ImageConfig {
                aspect_ratio: aspect_ratio(request, SHAPES)?,
                image_size: size(request, Model::read(model, host))?,
                image_output_options: match host {
                    Host::Vertex => options,
                    Host::Studio => OutputOptions::default(),
                },
            },
        },
    })
}

/// How large: before their third generation the models know one size and refuse to be told.
fn size(request: &ImageRequest, model: Model) -> Result<Option<&str>, Unsupported> {
    match request.tier() {
        Some(tier) if model.is_third_generation() => Ok(Some(tier)),
        None | Some("1K") => Ok(None),
        Some(tier) => Err(Unsupported(format!("a picture of the size {tier}"))),
    }
}

/// Reads the answer. A model may make more pictures than were asked for: all of them are paid.
pub(super) fn read(
    body: &[u8],
    request: &ImageRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let made = generate::read(body, "image/", measured)?;
    let drawn = |it: Media| image(it.data, Some(it.mime_type));
    let mut pictures = made.media.into_iter().map(drawn).collect::<Result<Vec<_>, _>>()?;
    let completion_images = u64::try_from(pictures.len()).unwrap_or(u64::MAX);
    let wanted = usize::try_from(request.count.unwrap_or(1)).unwrap_or(usize::MAX);
    pictures.truncate(wanted.max(1));
    Ok(OperationAnswer {
        content: images(pictures)?,
        usage: Usage { completion_images, ..made.usage },
        upstream_id: made.id,
    })
}
