//! Pictures by Amazon Nova Canvas and the Titan image generator.
//!
//! <https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html>
//!
//! Files are always PNG. Effort is standard or premium. Pictures to begin with are varied.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tollgate_types::Usage;
use tollgate_wire::operation::{
    Background, ImageFormat, ImageQuality, ImageRequest, OperationAnswer,
};

use crate::operation::answers::{empty, image, images, parse};
use crate::operation::inputs::inline;
use crate::{Fault, FaultKind, Unsupported};

/// Most pictures of one call.
const COUNT_MAX: u64 = 5;
/// Most pictures to begin with.
const REFERENCES_MAX: usize = 5;
/// Sides are a multiple of this, and within these bounds.
const SIDE_STEP: u64 = 16;
const SIDE_MIN: u64 = 320;
const SIDE_MAX: u64 = 4_096;
/// Most pixels, width by height.
const AREA_MAX: u64 = 4_194_304;
/// One side is at most so many times the other.
const SHAPE_MAX: u64 = 4;
/// Seeds are below this.
const SEEDS: i64 = 858_993_460;

/// The body.
pub(super) fn members(request: &ImageRequest) -> Result<Map<String, Value>, Unsupported> {
    check(request)?;
    let mut config = Map::new();
    config.insert("numberOfImages".to_owned(), request.count.unwrap_or(1).into());
    if let Some((width, height)) = size(request)? {
        config.insert("width".to_owned(), width.into());
        config.insert("height".to_owned(), height.into());
    }
    let quality = request.quality.and_then(|quality| match quality {
        ImageQuality::Auto => None,
        ImageQuality::Low | ImageQuality::Medium => Some("standard"),
        ImageQuality::High => Some("premium"),
    });
    config.extend(quality.map(|quality| ("quality".to_owned(), quality.into())));
    // A wider seed is folded, which keeps it repeatable.
    let seed = request.seed.map(|seed| seed.rem_euclid(SEEDS));
    config.extend(seed.map(|seed| ("seed".to_owned(), seed.into())));
    let mut body = task(request)?;
    body.insert("imageGenerationConfig".to_owned(), config.into());
    Ok(body)
}

/// What is to be done, and with what.
fn task(request: &ImageRequest) -> Result<Map<String, Value>, Unsupported> {
    let prompt = &request.prompt;
    if request.references.is_empty() {
        return Ok(super::members(json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": { "text": prompt },
        })));
    }
    let inline = |source| inline(source, "an image").map(|(_, data)| data);
    let images = request.references.iter().map(inline).collect::<Result<Vec<_>, _>>()?;
    Ok(super::members(json!({
        "taskType": "IMAGE_VARIATION",
        "imageVariationParams": { "text": prompt, "images": images },
    })))
}

fn check(request: &ImageRequest) -> Result<(), Unsupported> {
    let problem = if request.count.is_some_and(|count| count > COUNT_MAX) {
        "more than 5 pictures at once"
    } else if request.references.len() > REFERENCES_MAX {
        "more than 5 pictures to begin with"
    } else if request.background == Some(Background::Transparent) {
        "pictures with a transparent background"
    } else if request.format.is_some_and(|format| format != ImageFormat::Png) {
        "pictures other than PNG"
    } else {
        return Ok(());
    };
    Err(Unsupported(problem.to_owned()))
}

/// Width and height; nothing where the model may choose.
fn size(request: &ImageRequest) -> Result<Option<(u64, u64)>, Unsupported> {
    let Some(pixels) = request.size() else { return Ok(None) };
    let (width, height) = (u64::from(pixels.width), u64::from(pixels.height));
    let is_side =
        |side: u64| (SIDE_MIN..=SIDE_MAX).contains(&side) && side.is_multiple_of(SIDE_STEP);
    let (short, long) = (width.min(height), width.max(height));
    let fits = is_side(width)
        && is_side(height)
        && width.saturating_mul(height) <= AREA_MAX
        && long <= short.saturating_mul(SHAPE_MAX);
    if fits {
        return Ok(Some((width, height)));
    }
    Err(Unsupported(format!("a picture of {width}x{height}")))
}

/// The answer. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    images: Option<Vec<String>>,
    error: Option<String>,
}

/// Reads the answer. Its filters may take some of the pictures, or all, and say so beside the rest.
pub(super) fn read(
    body: &[u8],
    request: &ImageRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    let found = response.images.unwrap_or_default();
    if found.is_empty() {
        return Err(match response.error {
            Some(said) => Fault::with_message(FaultKind::ContentPolicy, &said),
            None => empty("pictures"),
        });
    }
    let completion_images = u64::try_from(found.len()).unwrap_or(u64::MAX);
    if completion_images > request.count.unwrap_or(1) {
        return Err(Fault::malformed("it has more pictures than were asked for"));
    }
    let png = |data| image(data, Some("image/png".to_owned()));
    let pictures = found.into_iter().map(png).collect::<Result<Vec<_>, _>>()?;
    Ok(OperationAnswer {
        content: images(pictures)?,
        usage: Usage { completion_images, ..measured },
        upstream_id: None,
    })
}
