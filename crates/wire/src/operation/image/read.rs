//! Reading a request for pictures.

use super::{Background, ImageFormat, ImageQuality, ImageRequest, Pixels};
use crate::error::BadRequest;
use crate::operation::MediaSource;
use crate::operation::fields::Fields;
use crate::operation::media;

/// Members of a request that are read here.
pub(in crate::operation) const MEMBERS: &[&str] = &[
    "prompt",
    "n",
    "size",
    "resolution",
    "aspect_ratio",
    "quality",
    "background",
    "output_format",
    "output_compression",
    "seed",
    "input_references",
    "response_format",
    "stream",
];

const COUNT_MAX: u64 = 10;
const REFERENCES_MAX: usize = 16;
/// Longest side of a picture, in pixels: beyond any model.
const SIDE_MAX: u32 = 16_384;

/// Tiers of resolution.
pub(super) const RESOLUTIONS: [&str; 4] = ["512", "1K", "2K", "4K"];

/// Ratios of width to height, without `auto`.
pub(super) const ASPECT_RATIOS: [&str; 21] = [
    "1:1", "1:2", "1:4", "1:8", "2:1", "2:3", "3:2", "3:4", "4:1", "4:3", "4:5", "5:4", "8:1",
    "9:16", "16:9", "9:19.5", "19.5:9", "9:20", "20:9", "9:21", "21:9",
];

const QUALITIES: [(&str, ImageQuality); 6] = [
    ("auto", ImageQuality::Auto),
    ("low", ImageQuality::Low),
    ("medium", ImageQuality::Medium),
    ("high", ImageQuality::High),
    // OpenAI's older words.
    ("standard", ImageQuality::Medium),
    ("hd", ImageQuality::High),
];

const BACKGROUNDS: [(&str, Background); 3] = [
    ("auto", Background::Auto),
    ("transparent", Background::Transparent),
    ("opaque", Background::Opaque),
];

const FORMATS: [(&str, ImageFormat); 4] = [
    ("png", ImageFormat::Png),
    ("jpeg", ImageFormat::Jpeg),
    ("webp", ImageFormat::Webp),
    ("svg", ImageFormat::Svg),
];

impl ImageRequest {
    pub(in crate::operation) fn read(fields: &Fields<'_>) -> Result<Self, BadRequest> {
        let prompt = fields.required_filled("prompt")?;
        refuse_addresses(fields)?;
        fields.flag("stream")?;
        let (pixels, tier) = size(fields)?;
        let background = fields.word("background", &BACKGROUNDS)?;
        let format = fields.word("output_format", &FORMATS)?;
        if background == Some(Background::Transparent)
            && format.is_some_and(|format| !format.can_be_transparent())
        {
            return Err(BadRequest::new("background: transparent needs output_format png or webp"));
        }
        let resolution = fields.word("resolution", &RESOLUTIONS.map(|it| (it, it)))?;
        Ok(Self {
            prompt,
            count: fields.integer("n", 1..=COUNT_MAX)?,
            pixels,
            resolution: tier.or(resolution).map(str::to_owned),
            aspect_ratio: aspect_ratio(fields)?.map(str::to_owned),
            quality: fields.word("quality", &QUALITIES)?,
            background,
            format,
            compression: fields.integer("output_compression", 0..=100)?,
            seed: fields.signed("seed")?,
            references: references(fields)?,
        })
    }

    /// Puts what addresses hold in their place.
    pub(in crate::operation) fn fill(&mut self, media: &[(String, String)]) {
        for reference in &mut self.references {
            reference.fill(media);
        }
    }
}

/// OpenAI's older models can answer with addresses; here a picture is always in the answer.
fn refuse_addresses(fields: &Fields<'_>) -> Result<(), BadRequest> {
    if fields.word("response_format", &[("b64_json", true), ("url", false)])? == Some(false) {
        return Err(BadRequest::new(
            "response_format: Images are always answered as base64; send \"b64_json\" or leave it out",
        ));
    }
    Ok(())
}

/// `size`: pixels, a tier of resolution, or OpenAI's `auto`, which says nothing.
fn size(fields: &Fields<'_>) -> Result<(Option<Pixels>, Option<&'static str>), BadRequest> {
    let Some(text) = fields.text("size")? else { return Ok((None, None)) };
    if text == "auto" {
        return Ok((None, None));
    }
    let tier = RESOLUTIONS.into_iter().find(|tier| tier.eq_ignore_ascii_case(&text));
    if tier.is_some() {
        return Ok((None, tier));
    }
    let sides = text
        .split_once(['x', 'X'])
        .and_then(|(width, height)| Some(Pixels { width: side(width)?, height: side(height)? }));
    if sides.is_some() {
        return Ok((sides, None));
    }
    let shown: String = text.chars().take(40).collect();
    Err(BadRequest::new(format!(
        "size: Expected one of {}, auto or WIDTHxHEIGHT with at most {SIDE_MAX} pixels a side, received \"{shown}\"",
        RESOLUTIONS.join(", ")
    )))
}

fn side(digits: &str) -> Option<u32> {
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let side: u32 = digits.parse().ok()?;
    (is_plain && (1..=SIDE_MAX).contains(&side)).then_some(side)
}

fn aspect_ratio(fields: &Fields<'_>) -> Result<Option<&'static str>, BadRequest> {
    let known: Vec<(&str, &str)> =
        ASPECT_RATIOS.into_iter().chain(["auto"]).map(|ratio| (ratio, ratio)).collect();
    fields.word("aspect_ratio", &known)
}

fn references(fields: &Fields<'_>) -> Result<Vec<MediaSource>, BadRequest> {
    let all = fields.list("input_references", 0..=REFERENCES_MAX)?.unwrap_or_default();
    let read = |(index, raw): (usize, &str)| {
        let part = Fields::of_value(&format!("input_references.{index}"), raw)?;
        part.required("type")?;
        part.word("type", &[("image_url", ())])?;
        media::image_url(&part)
    };
    all.into_iter().enumerate().map(read).collect()
}
