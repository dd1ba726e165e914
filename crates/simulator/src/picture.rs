//! Pictures of one colour, in any size and in the formats that providers offer: real files, and
//! small ones.

mod bits;
mod jpeg;
mod png;
mod webp;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::random::{self, Random};

/// The largest width and height.
const SIDE_MAX: u16 = 4096;

/// A picture of one colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    width: u16,
    height: u16,
    /// Red, green, blue.
    colour: [u8; 3],
    transparent: bool,
}

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImageFormat {
    Png,
    Jpeg,
    Webp,
}

impl Picture {
    /// What `prompt` looks like, as the picture number `index` of several. `size` is such as
    /// `1024x1536`; `None` when it is no size, or too large.
    pub(crate) fn of(prompt: &str, index: u64, size: &str) -> Option<Self> {
        let (width, height) = size.split_once('x')?;
        let pixels = |text: &str| text.parse().ok().filter(|side| (1..=SIDE_MAX).contains(side));
        let [red, green, blue, ..] = Random::new(random::hash(index, prompt)).next().to_be_bytes();
        let colour = [red, green, blue];
        Some(Self { width: pixels(width)?, height: pixels(height)?, colour, transparent: false })
    }

    /// The same, to be seen through. JPEG can't be.
    pub(crate) const fn transparent(self) -> Self {
        Self { transparent: true, ..self }
    }

    pub(crate) fn file(self, format: ImageFormat) -> Vec<u8> {
        match format {
            ImageFormat::Png => png::file(self),
            ImageFormat::Jpeg => jpeg::file(self),
            ImageFormat::Webp => webp::file(self),
        }
    }

    /// The file as base64.
    pub(crate) fn base64(self, format: ImageFormat) -> String {
        STANDARD.encode(self.file(format))
    }
}

impl ImageFormat {
    /// The format that is called `name`, as in `png` or `image/png`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("image/").unwrap_or(name) {
            "png" => Self::Png,
            "jpeg" => Self::Jpeg,
            "webp" => Self::Webp,
            _ => return None,
        })
    }

    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ImageFormat, Picture};

    #[test]
    fn files_begin_as_their_format_does_and_stay_small() {
        let picture = Picture::of("a boat", 0, "1024x1536").unwrap();
        for (format, head) in [
            (ImageFormat::Png, &b"\x89PNG\r\n\x1A\n"[..]),
            (ImageFormat::Jpeg, b"\xFF\xD8\xFF\xDB"),
            (ImageFormat::Webp, b"RIFF"),
        ] {
            let file = picture.file(format);
            assert!(file.starts_with(head), "{format:?}");
            assert!(file.len() < 8_000, "{format:?} has {} bytes", file.len());
            assert_eq!(ImageFormat::named(format.media_type()), Some(format));
        }
    }

    #[test]
    fn a_picture_belongs_to_its_prompt_and_its_place() {
        let of = |prompt, index| Picture::of(prompt, index, "8x8");
        assert_eq!(of("a", 0), of("a", 0));
        assert_ne!(of("a", 0), of("b", 0));
        assert_ne!(of("a", 0), of("a", 1));
        for size in ["", "8", "8x", "0x8", "8x9999", "autoxauto"] {
            assert_eq!(Picture::of("a", 0, size), None, "{size}");
        }
    }
}
