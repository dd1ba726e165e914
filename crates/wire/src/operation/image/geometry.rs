//! Sizes, tiers and ratios: each provider wants one of them, and the client may have said another.

use super::read::ASPECT_RATIOS;
use super::{ImageRequest, Pixels};

/// The side of a square picture of each tier, in pixels.
const TIERS: [(&str, u32); 4] = [("512", 512), ("1K", 1_024), ("2K", 2_048), ("4K", 4_096)];

/// Shapes within a fiftieth of each other are the same, in millionths.
const SAME_SHAPE: u64 = 1_020_000;

/// Sides are made multiples of it: most models demand 8 or 16.
const STEP: u64 = 16;

impl ImageRequest {
    /// How wide and high the picture shall be: as asked for, or as a tier and a ratio come to. A
    /// tier alone is a square, a ratio alone has the area of `1K`. `None` leaves it to the model.
    pub fn size(&self) -> Option<Pixels> {
        if self.pixels.is_some() {
            return self.pixels;
        }
        let ratio = self.ratio();
        if ratio.is_none() && self.resolution.is_none() {
            return None;
        }
        let tier = self.resolution.as_deref().unwrap_or("1K");
        let side = TIERS.iter().find(|(name, _)| *name == tier).map_or(1_024, |(_, side)| *side);
        let (width, height) = ratio.and_then(halves).unwrap_or((1, 1));
        Some(Pixels::of_area(u64::from(side) * u64::from(side), width, height))
    }

    /// The ratio of width to height, such as `16:9`: of the pixels asked for the nearest one that
    /// the contract knows (§1.1). `None` leaves it to the model.
    pub fn ratio(&self) -> Option<&str> {
        match self.pixels {
            Some(pixels) => Some(pixels.aspect_ratio()),
            None => self.aspect_ratio.as_deref().filter(|ratio| *ratio != "auto"),
        }
    }

    /// The tier of resolution: `512`, `1K`, `2K` or `4K`. Of the pixels asked for it is the nearest
    /// one. `None` leaves it to the model.
    pub fn tier(&self) -> Option<&str> {
        match self.pixels {
            Some(pixels) => Some(pixels.tier()),
            None => self.resolution.as_deref(),
        }
    }

    /// Of the sizes that a model knows the one nearest in shape, and among those nearest in area;
    /// `None` when the client said nothing of size.
    pub fn nearest_of(&self, known: &[Pixels]) -> Option<Pixels> {
        let wanted = self.size()?;
        let distance =
            |it: &&Pixels| (it.shape_distance(wanted), it.area().abs_diff(wanted.area()));
        known.iter().min_by_key(distance).copied()
    }
}

impl Pixels {
    /// The nearest ratio that the contract knows (§1.1), such as `16:9`.
    pub fn aspect_ratio(self) -> &'static str {
        let distance = |ratio: &&str| {
            let (width, height) = halves(ratio).unwrap_or((1, 1));
            distance((u64::from(self.width), u64::from(self.height)), (width, height))
        };
        ASPECT_RATIOS.into_iter().min_by_key(|ratio| distance(ratio)).unwrap_or("1:1")
    }

    /// The tier of resolution it is of: what models make of a tier has some more or less pixels
    /// than its square, so `1024x1536` is of `1K`, full HD of `2K` and ultra HD of `4K`.
    pub fn tier(self) -> &'static str {
        match self.area() {
            0..500_000 => "512",
            500_000..2_000_000 => "1K",
            2_000_000..8_000_000 => "2K",
            _ => "4K",
        }
    }

    /// Whether it has the ratio, nearly: `1365x768` is `16:9`.
    pub fn has_ratio(self, ratio: &str) -> bool {
        let sides = (u64::from(self.width), u64::from(self.height));
        halves(ratio).is_some_and(|ratio| distance(sides, ratio) <= SAME_SHAPE)
    }

    /// As on the wire: `1024x1536`.
    pub fn to_text(self) -> String {
        format!("{}x{}", self.width, self.height)
    }

    fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    fn shape_distance(self, other: Self) -> u64 {
        let sides = |it: Self| (u64::from(it.width), u64::from(it.height));
        distance(sides(self), sides(other))
    }

    /// A picture of `area` pixels, or a few less, whose sides are as `width` to `height`.
    fn of_area(area: u64, width: u64, height: u64) -> Self {
        let side = |one: u64, other: u64| {
            let exact = area.saturating_mul(one).checked_div(other).unwrap_or(area).isqrt();
            let stepped = exact / STEP * STEP;
            u32::try_from(stepped.max(STEP)).unwrap_or(u32::MAX)
        };
        Self { width: side(width, height), height: side(height, width) }
    }
}

/// The two numbers of a ratio, in tenths: there is one with a half.
fn halves(ratio: &str) -> Option<(u64, u64)> {
    let (width, height) = ratio.split_once(':')?;
    Some((tenths(width)?, tenths(height)?))
}

fn tenths(number: &str) -> Option<u64> {
    let (whole, tenth) = number.split_once('.').unwrap_or((number, "0"));
    Some(whole.parse::<u64>().ok()?.saturating_mul(10).saturating_add(tenth.parse().ok()?))
}

/// How far apart two shapes are: the quotient of their ratios, at least 1, in millionths.
fn distance(one: (u64, u64), other: (u64, u64)) -> u64 {
    let (first, second) = (one.0.saturating_mul(other.1), one.1.saturating_mul(other.0));
    let (more, less) = (first.max(second), first.min(second));
    more.saturating_mul(1_000_000).checked_div(less).unwrap_or(u64::MAX)
}
