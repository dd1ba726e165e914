//! What may be asked of which model that makes images.

use serde_json::Value;

use super::super::check;
use crate::failure::Failure;
use crate::picture::{ImageFormat, Picture};

const COUNT_MAX: u64 = 10;
const PARTIAL_IMAGES_MAX: u64 = 3;

/// Models that take the same parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Gpt,
    /// The newest, which draws other sizes too.
    GptAnySize,
    DallE2,
    DallE3,
    /// Another host's, which takes whatever OpenAI's models take, and any size.
    Other,
}

/// What is wanted.
#[derive(Debug)]
pub(super) struct Wish<'a> {
    pub(super) family: Family,
    pub(super) prompt: &'a str,
    pub(super) count: u64,
    pub(super) size: &'a str,
    pub(super) quality: &'a str,
    pub(super) format: ImageFormat,
    pub(super) format_name: &'a str,
    pub(super) transparent: bool,
    pub(super) streamed: bool,
    pub(super) partial_images: u64,
    /// An address is wanted, not the data.
    pub(super) linked: bool,
}

impl Family {
    fn of(model: &str) -> Self {
        match model {
            "dall-e-2" => Self::DallE2,
            "dall-e-3" => Self::DallE3,
            name if name.starts_with("gpt-image-2") => Self::GptAnySize,
            name if name.starts_with("gpt-image") => Self::Gpt,
            _ => Self::Other,
        }
    }

    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Gpt | Self::GptAnySize => &[
                "background",
                "model",
                "moderation",
                "n",
                "output_compression",
                "output_format",
                "partial_images",
                "prompt",
                "quality",
                "size",
                "stream",
                "user",
            ],
            Self::Other => &[
                "background",
                "model",
                "moderation",
                "n",
                "output_compression",
                "output_format",
                "partial_images",
                "prompt",
                "quality",
                "response_format",
                "seed",
                "size",
                "stream",
                "style",
                "user",
            ],
            Self::DallE2 => &["model", "n", "prompt", "quality", "response_format", "size", "user"],
            Self::DallE3 => {
                &["model", "n", "prompt", "quality", "response_format", "size", "style", "user"]
            }
        }
    }

    /// The first one is the default, or what `auto` comes to.
    const fn sizes(self) -> &'static [&'static str] {
        match self {
            Self::Gpt | Self::GptAnySize | Self::Other => {
                &["1024x1024", "1024x1536", "1536x1024", "auto"]
            }
            Self::DallE2 => &["1024x1024", "256x256", "512x512"],
            Self::DallE3 => &["1024x1024", "1024x1792", "1792x1024"],
        }
    }

    /// The first one is the default, or what `auto` comes to.
    const fn qualities(self) -> &'static [&'static str] {
        match self {
            Self::Gpt | Self::GptAnySize | Self::Other => &["medium", "low", "high", "auto"],
            Self::DallE2 => &["standard"],
            Self::DallE3 => &["standard", "hd"],
        }
    }

    const fn prompt_letters_max(self) -> usize {
        match self {
            Self::Gpt | Self::GptAnySize | Self::Other => 32_000,
            Self::DallE2 => 1_000,
            Self::DallE3 => 4_000,
        }
    }
}

/// Reads a request.
pub(super) fn wish<'a>(body: &'a Value, model: &str) -> Result<Wish<'a>, Failure> {
    let family = Family::of(model);
    check::known(body, family.fields())?;
    let prompt = check::text(body, "prompt", family.prompt_letters_max())?;
    let count = check::integer(body, "n", 1, COUNT_MAX)?.unwrap_or(1);
    if family == Family::DallE3 && count > 1 {
        return Err(Failure::invalid("You must provide n=1 for this model."));
    }
    let format_name = check::choice(body, "output_format", &["png", "jpeg", "webp"])?;
    let format_name = format_name.unwrap_or("png");
    let backgrounds = ["transparent", "opaque", "auto"];
    let transparent = check::choice(body, "background", &backgrounds)? == Some("transparent");
    if transparent && format_name == "jpeg" {
        let message = "Transparent background is not supported for JPEG output format.";
        return Err(Failure::invalid_param(message, "background", Some("invalid_value")));
    }
    check::choice(body, "moderation", &["low", "auto"])?;
    check::choice(body, "style", &["vivid", "natural"])?;
    check::integer(body, "output_compression", 0, 100)?;
    let partial_images = check::integer(body, "partial_images", 0, PARTIAL_IMAGES_MAX)?;
    let streamed = body.get("stream") == Some(&Value::Bool(true));
    if partial_images.is_some() && !streamed {
        let message = "The 'partial_images' parameter is only allowed when 'stream' is enabled.";
        return Err(Failure::invalid_param(message, "partial_images", None));
    }
    let form = check::choice(body, "response_format", &["url", "b64_json"])?;
    Ok(Wish {
        family,
        prompt,
        count,
        size: size(body, family)?,
        quality: chosen(body, "quality", family.qualities())?,
        format: ImageFormat::named(format_name).unwrap_or(ImageFormat::Png),
        format_name,
        transparent,
        streamed,
        partial_images: partial_images.unwrap_or(0),
        linked: form != Some("b64_json"),
    })
}

fn size(body: &Value, family: Family) -> Result<&str, Failure> {
    let asked = body.get("size").and_then(Value::as_str);
    let any = matches!(family, Family::Other | Family::GptAnySize);
    match asked.filter(|size| any && Picture::of("", 0, size).is_some()) {
        Some(size) => Ok(size),
        None => chosen(body, "size", family.sizes()),
    }
}

/// One of `allowed`; the first, when it is up to the model.
fn chosen<'a>(
    body: &'a Value,
    key: &str,
    allowed: &'static [&'static str],
) -> Result<&'a str, Failure> {
    let first = allowed.first().copied().unwrap_or_default();
    let chosen = check::choice(body, key, allowed)?;
    Ok(chosen.filter(|word| *word != "auto").unwrap_or(first))
}
