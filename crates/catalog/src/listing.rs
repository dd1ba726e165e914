//! Prices as the public API lists them (contract §7.1).

use tollgate_types::UnitPrice;

use crate::price::{Price, When};
use crate::vocabulary::{Lot, Rate};

/// A `pricing` object: keys in the contract's order, then our own, dollars per single unit; of
/// `audio_second`, per second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The base prices; what is absent is not billed on its own.
    pub prices: Vec<(&'static str, String)>,
    /// The `overrides` array. A later entry wins per key.
    pub overrides: Vec<ListingOverride>,
}

/// One entry of a listing's `overrides`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingOverride {
    /// Holds for strictly more prompt tokens than this.
    pub min_prompt_tokens: Option<u64>,
    /// Holds from this hour, `HHMM`, UTC.
    pub utc_start: Option<String>,
    /// Holds until just before this hour, `HHMM`, UTC.
    pub utc_end: Option<String>,
    /// The prices that differ.
    pub prices: Vec<(&'static str, String)>,
}

impl Price {
    /// The price as the public API lists it.
    pub fn to_listing(&self) -> Listing {
        let base = Rate::ALL.into_iter().filter_map(|rate| Some((rate, self.rates.get(rate)?)));
        let overrides = self.overrides.iter().map(|change| {
            let (min_prompt_tokens, utc_start, utc_end) = match change.when {
                When::PromptAbove(above) => (Some(above), None, None),
                When::Between(start, end) => (None, Some(start.to_hhmm()), Some(end.to_hhmm())),
            };
            let mut rates = change.rates.clone();
            rates.sort_by_key(|(rate, _)| Rate::ALL.iter().position(|known| known == rate));
            let prices = rates.into_iter().map(listed).collect();
            ListingOverride { min_prompt_tokens, utc_start, utc_end, prices }
        });
        Listing { prices: base.map(listed).collect(), overrides: overrides.collect() }
    }
}

fn listed((rate, price): (Rate, UnitPrice)) -> (&'static str, String) {
    let text = match rate.lot() {
        Lot::One | Lot::Million => price.to_per_unit(),
        Lot::Thousand => price.to_per_thousand(),
    };
    (rate.listing_key(), text)
}

impl Rate {
    /// Its key in a listing. The last four are our own: the contract has no word for them.
    pub const fn listing_key(self) -> &'static str {
        match self {
            Self::Input => "prompt",
            Self::Output => "completion",
            Self::CacheRead => "input_cache_read",
            Self::CacheWrite => "input_cache_write",
            Self::CacheWrite1h => "input_cache_write_1h",
            Self::Reasoning => "internal_reasoning",
            Self::Image => "image",
            Self::ImageToken => "image_token",
            Self::ImageOutput => "image_output",
            Self::Audio => "audio",
            Self::AudioOutput => "audio_output",
            Self::Request => "request",
            Self::WebSearch => "web_search",
            Self::Character => "character",
            Self::AudioSecond => "audio_second",
            Self::OutputImage => "output_image",
            Self::SearchUnit => "search_unit",
        }
    }
}

#[cfg(test)]
mod tests;
