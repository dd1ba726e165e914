//! Pictures from a text (contract §1.1, `POST /images`).

mod geometry;
mod read;

use super::MediaSource;

pub(super) use read::MEMBERS;

/// What to draw, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageRequest {
    /// What shall be seen.
    pub prompt: String,
    /// Most pictures wanted, 1 to 10.
    pub count: Option<u64>,
    /// Width and height; explicit pixels win over resolution and aspect ratio.
    pub pixels: Option<Pixels>,
    /// `512`, `1K`, `2K` or `4K`: as `resolution` or as a tier in `size`.
    pub resolution: Option<String>,
    /// Such as `16:9`, or `auto`.
    pub aspect_ratio: Option<String>,
    /// How much effort.
    pub quality: Option<ImageQuality>,
    /// What is behind.
    pub background: Option<Background>,
    /// The form of the picture.
    pub format: Option<ImageFormat>,
    /// 0 to 100.
    pub compression: Option<u64>,
    /// For repeatable pictures, best effort.
    pub seed: Option<i64>,
    /// Pictures to begin with, at most 16.
    pub references: Vec<MediaSource>,
}

/// A size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pixels {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// How much effort a picture is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageQuality {
    /// As the model likes.
    Auto,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// What is behind the subject of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// As the model likes.
    Auto,
    /// Nothing; wants PNG or WebP.
    Transparent,
    /// Something.
    Opaque,
}

/// The form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    Webp,
    /// SVG.
    Svg,
}

/// A picture as a provider gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedImage {
    /// Base64, never an address (contract §1.1).
    pub data: String,
    /// Its media type, such as `image/png`.
    pub media_type: Option<String>,
}

impl ImageQuality {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl Background {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Transparent => "transparent",
            Self::Opaque => "opaque",
        }
    }
}

impl ImageFormat {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
            Self::Svg => "svg",
        }
    }

    /// Its media type, such as `image/png`.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }

    /// The form that a media type names.
    pub fn of_media_type(media_type: &str) -> Option<Self> {
        let bare = media_type.split(';').next().unwrap_or_default().trim();
        match bare.to_ascii_lowercase().as_str() {
            "image/png" => Some(Self::Png),
            "image/jpeg" | "image/jpg" => Some(Self::Jpeg),
            "image/webp" => Some(Self::Webp),
            "image/svg+xml" => Some(Self::Svg),
            _ => None,
        }
    }

    /// Whether it can have nothing behind the subject.
    pub const fn can_be_transparent(self) -> bool {
        matches!(self, Self::Png | Self::Webp)
    }
}
