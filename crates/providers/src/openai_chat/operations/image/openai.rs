//! OpenAI's own form, and what is left of it where others take it.

use serde_json::{Value, json};
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::operation::{ImageFormat, ImageQuality, ImageRequest, MediaSource, Pixels};

use super::super::form::{File, Form};
use super::super::{Body, Message, members};
use super::{EDITS, GENERATIONS};
use crate::encoding::decode_base64;
use crate::{Task, Unsupported};

/// Models that take the same members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    /// `gpt-image-1` and what came of it.
    Gpt,
    /// `gpt-image-2`, which draws any size within bounds.
    GptAnySize,
    DallE2,
    DallE3,
    /// Somebody else's.
    Other,
}

/// Sizes of `gpt-image-1`, which its successors know too.
const GPT_SIZES: [Pixels; 3] = [square(1_024), pixels(1_536, 1_024), pixels(1_024, 1_536)];
const DALL_E_2_SIZES: [Pixels; 3] = [square(256), square(512), square(1_024)];
const DALL_E_3_SIZES: [Pixels; 3] = [square(1_024), pixels(1_792, 1_024), pixels(1_024, 1_792)];

const fn pixels(width: u32, height: u32) -> Pixels {
    Pixels { width, height }
}

const fn square(side: u32) -> Pixels {
    pixels(side, side)
}

/// The nearest size that `gpt-image-2` draws
/// (<https://platform.openai.com/docs/guides/image-generation>): no side three times the other, none
/// beyond the long one of 4K, both multiples of 16.
fn bounded(size: Pixels) -> Pixels {
    let Pixels { width, height } = size;
    let (long, short) = (width.max(height), width.min(height).max(STEP));
    let long = long.min(short.saturating_mul(RATIO_MAX));
    let (long, short) = match u64::from(long) * u64::from(short) {
        area if area > AREA_MAX => (scaled(AREA_MAX, long, short), scaled(AREA_MAX, short, long)),
        _ => (long, short),
    };
    let short = if long > LONG_MAX { short * LONG_MAX / long } else { short };
    let (long, short) = (stepped(long.min(LONG_MAX)), stepped(short));
    let is_too_large = u64::from(long) * u64::from(short) > AREA_MAX;
    let short = if is_too_large { short.saturating_sub(STEP) } else { short };
    if width >= height { pixels(long, short) } else { pixels(short, long) }
}

const fn stepped(side: u32) -> u32 {
    side.saturating_add(STEP / 2) / STEP * STEP
}

/// The one side of a picture of so many pixels whose sides are as `one` to `other`.
fn scaled(area: u64, one: u32, other: u32) -> u32 {
    let square = area.saturating_mul(u64::from(one)).checked_div(u64::from(other));
    u32::try_from(square.unwrap_or(area).isqrt()).unwrap_or(u32::MAX)
}

const STEP: u32 = 16;
const RATIO_MAX: u32 = 3;
const LONG_MAX: u32 = 3_840;
const AREA_MAX: u64 = 3_840 * 2_160;

impl Family {
    fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or_default();
        if name.starts_with("dall-e-2") {
            Self::DallE2
        } else if name.starts_with("dall-e-3") {
            Self::DallE3
        } else if name.starts_with("gpt-image-2") {
            Self::GptAnySize
        } else if name.starts_with("gpt-image") || name.starts_with("chatgpt-image") {
            Self::Gpt
        } else {
            Self::Other
        }
    }

    /// The size to ask for: explicit pixels as they are, else the nearest that the model knows.
    /// A tier alone says nothing about the shape, and most of these models have but one tier.
    fn size(self, request: &ImageRequest) -> Option<Pixels> {
        let shaped = || request.ratio().is_some();
        match self {
            _ if request.pixels.is_some() => request.pixels,
            Self::Gpt => request.nearest_of(&GPT_SIZES).filter(|_| shaped()),
            Self::DallE2 => request.nearest_of(&DALL_E_2_SIZES),
            Self::DallE3 => request.nearest_of(&DALL_E_3_SIZES).filter(|_| shaped()),
            Self::GptAnySize => request.size().map(bounded),
            Self::Other => request.size(),
        }
    }

    fn quality(self, quality: ImageQuality) -> Option<&'static str> {
        match (self, quality) {
            (Self::Gpt | Self::GptAnySize | Self::Other, quality) => Some(quality.as_str()),
            (Self::DallE3, ImageQuality::High) => Some("hd"),
            (Self::DallE3, ImageQuality::Medium | ImageQuality::Low) => Some("standard"),
            (Self::DallE2 | Self::DallE3, _) => None,
        }
    }

    const fn is_gpt(self) -> bool {
        matches!(self, Self::Gpt | Self::GptAnySize)
    }

    const fn is_dall_e(self) -> bool {
        matches!(self, Self::DallE2 | Self::DallE3)
    }
}

/// Whether a member of a request has a place with this model.
pub(super) fn takes(model: &str, member: &str) -> bool {
    let family = Family::of(model);
    match member {
        "quality" => family != Family::DallE2,
        "background" | "output_format" | "output_compression" => !family.is_dall_e(),
        "seed" => family == Family::Other,
        "partial_images" => false,
        _ => true,
    }
}

/// What a call becomes.
pub(super) fn message(task: &Task<'_>, request: &ImageRequest) -> Result<Message, Unsupported> {
    let family = Family::of(task.target.upstream_model);
    check(family, request)?;
    let fields = fields(task, request, family);
    if request.references.is_empty() {
        return Ok(Message::json(GENERATIONS, object(task, fields)));
    }
    Ok(Message { path: EDITS, body: Body::Form(form(task, request, family, fields)?) })
}

/// Refuses what a model is known not to do, so that another can.
fn check(family: Family, request: &ImageRequest) -> Result<(), Unsupported> {
    let what = if request.format == Some(ImageFormat::Svg) {
        "pictures as SVG"
    } else if family == Family::DallE3 && request.count.is_some_and(|count| count > 1) {
        "more than one picture at a time"
    } else if family == Family::DallE3 && !request.references.is_empty() {
        "pictures made of pictures"
    } else if family == Family::DallE2 && request.references.len() > 1 {
        "pictures made of several pictures"
    } else if family.is_dall_e() && request.format.is_some_and(|format| format != ImageFormat::Png)
    {
        "pictures other than PNG"
    } else {
        return Ok(());
    };
    Err(Unsupported(what.to_owned()))
}

/// The members under their names here.
fn fields(task: &Task<'_>, request: &ImageRequest, family: Family) -> Vec<(&'static str, Value)> {
    let newer = |value: Option<Value>| value.filter(|_| !family.is_dall_e());
    let all = [
        ("prompt", Some(json!(request.prompt))),
        ("n", request.count.map(Value::from)),
        ("size", family.size(request).map(|size| Value::from(size.to_text()))),
        ("quality", request.quality.and_then(|it| family.quality(it)).map(Value::from)),
        ("background", newer(request.background.map(|it| it.as_str().into()))),
        ("output_format", newer(request.format.map(|it| it.as_str().into()))),
        ("output_compression", newer(request.compression.map(Value::from))),
        ("seed", request.seed.map(Value::from).filter(|_| family == Family::Other)),
        // OpenAI's newer models know no addresses, and refuse to be asked.
        ("response_format", (!family.is_gpt()).then(|| "b64_json".into())),
    ];
    all.into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .filter(|(name, _)| *name == "prompt" || !members::is_refused(&task.target, name))
        .collect()
}

fn object(task: &Task<'_>, fields: Vec<(&'static str, Value)>) -> Vec<u8> {
    let mut body = Vec::with_capacity(task.call.object().text().len().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", task.target.upstream_model);
    for (name, value) in fields {
        object.field(name, &value);
    }
    for (name, raw) in unknown(task) {
        object.member(name, raw);
    }
    if let Some(user) = members::end_user(task) {
        object.field("user", user);
    }
    object.end();
    body
}

/// Partial pictures come in streams alone.
fn unknown<'a>(task: &Task<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    members::unknown(task).filter(|(name, _)| *name != "partial_images")
}

fn form(
    task: &Task<'_>,
    request: &ImageRequest,
    family: Family,
    fields: Vec<(&'static str, Value)>,
) -> Result<Form, Unsupported> {
    let mut form = Form::default();
    form.field("model", task.target.upstream_model.to_owned());
    for (name, value) in fields {
        match value {
            Value::String(text) => form.field(name, text),
            value => form.field(name, value.to_string()),
        }
    }
    for (name, raw) in unknown(task) {
        form.json_field(name, raw);
    }
    if let Some(user) = members::end_user(task) {
        form.field("user", user.to_owned());
    }
    // Older models, and those who imitate them, know one picture only.
    let name = match (family, request.references.len()) {
        (Family::DallE2 | Family::Other, 1) => "image",
        _ => "image[]",
    };
    for (at, reference) in request.references.iter().enumerate() {
        picture(&mut form, name, at, reference)?;
    }
    Ok(form)
}

fn picture(
    form: &mut Form,
    name: &str,
    at: usize,
    reference: &MediaSource,
) -> Result<(), Unsupported> {
    let MediaSource::Inline { media_type, data } = reference else {
        return Err(Unsupported("a picture by its address".to_owned()));
    };
    let bytes = decode_base64(data)
        .ok_or_else(|| Unsupported("a picture that is not valid base64".to_owned()))?;
    let ending = ImageFormat::of_media_type(media_type).map_or("png", ImageFormat::as_str);
    let file_name = format!("image-{at}.{ending}");
    form.file(name, File { name: &file_name, media_type, bytes: bytes.into() });
    Ok(())
}
