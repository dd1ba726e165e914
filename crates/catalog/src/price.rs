//! Prices: what one unit of everything costs at an endpoint, for this prompt at this time.

use tollgate_types::{MoneyError, Timestamp, UnitPrice};

use crate::check::minute_of_day;
use crate::format::{PriceEntry, RateTexts};
use crate::vocabulary::{Lot, Rate};

/// What an endpoint charges, and where that is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// The prices that hold unless an override says otherwise.
    pub rates: Rates,
    /// Prices for long prompts, rising, then for hours of the day. A later one wins per rate.
    pub overrides: Vec<Override>,
    /// Where the price comes from; `config` for an operator's own.
    pub source: String,
    /// The day it was read there, `YYYY-MM-DD`.
    pub as_of: Option<String>,
    /// What was concluded rather than read.
    pub note: Option<String>,
}

/// Prices per single token or piece. What is absent is billed as [`Price::cost`] says; `input` and
/// `output` are zero where a row may do without them, because its model is not billed by tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// A prompt token.
    pub input: UnitPrice,
    /// A completion token.
    pub output: UnitPrice,
    /// A prompt token read from the provider's cache.
    pub cache_read: Option<UnitPrice>,
    /// A prompt token written to the provider's cache.
    pub cache_write: Option<UnitPrice>,
    /// A prompt token written to the provider's cache for an hour.
    pub cache_write_1h: Option<UnitPrice>,
    /// A completion token of reasoning.
    pub reasoning: Option<UnitPrice>,
    /// An image in the prompt.
    pub image: Option<UnitPrice>,
    /// A prompt token that is part of an image.
    pub image_token: Option<UnitPrice>,
    /// A completion token that is part of an image.
    pub image_output: Option<UnitPrice>,
    /// A prompt token that is audio.
    pub audio: Option<UnitPrice>,
    /// A completion token that is audio.
    pub audio_output: Option<UnitPrice>,
    /// A request.
    pub request: Option<UnitPrice>,
    /// A web search.
    pub web_search: Option<UnitPrice>,
    /// A character that the model reads.
    pub character: Option<UnitPrice>,
    /// A millisecond of audio that the model hears.
    pub audio_second: Option<UnitPrice>,
    /// An image that the model makes.
    pub output_image: Option<UnitPrice>,
    /// A search in the documents of a rerank.
    pub search_unit: Option<UnitPrice>,
}

/// Prices that replace others under a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// When they hold.
    pub when: When,
    /// The prices that differ.
    pub rates: Vec<(Rate, UnitPrice)>,
}

/// When an override holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The prompt has strictly more tokens than this.
    PromptAbove(u64),
    /// The time of day in UTC is at or after the first and before the second; a window whose end is
    /// the earlier one spans midnight.
    Between(MinuteOfDay, MinuteOfDay),
}

/// How many times a price, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times(u64);

/// Whole minutes since midnight, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MinuteOfDay(u16);

/// What a token of English has, about.
const CHARACTERS_PER_TOKEN: u64 = 4;
/// At 150 words, which are about 200 tokens, a minute.
const SPOKEN_MILLIS_PER_TOKEN: u64 = 300;
/// Parts of one that a multiple is counted in.
const TIMES_SCALE: u64 = 1_000_000;
const MILLIS_PER_MINUTE: i64 = 60_000;
const MINUTES_PER_DAY: i64 = 1_440;
const MINUTES_PER_HOUR: u16 = 60;

impl Times {
    /// Reads a decimal number with at most six places.
    pub(crate) fn parse(text: &str) -> Result<Self, MoneyError> {
        UnitPrice::per_million(text).map(|it| Self(it.picos()))
    }

    /// The price of a unit so many times, rounded up to a pico-dollar; `None` when that is more than
    /// a price can be.
    fn of(self, price: UnitPrice) -> Option<UnitPrice> {
        let millionths = u128::from(price.picos()).checked_mul(self.0.into())?;
        let picos = millionths.div_ceil(TIMES_SCALE.into());
        u64::try_from(picos).ok().map(UnitPrice::from_picos)
    }
}

impl Price {
    /// The same with the prices of tokens so many times; what is billed by the piece stays. `None`
    /// when that is more than a price can be.
    pub(crate) fn times(&self, times: Times) -> Option<Self> {
        let multiplied = |rate: Rate, price| match rate.lot() {
            Lot::Million => times.of(price),
            Lot::One | Lot::Thousand => Some(price),
        };
        let mut price = self.clone();
        for rate in Rate::ALL {
            if let Some(before) = self.rates.get(rate) {
                price.rates.set(rate, multiplied(rate, before)?);
            }
        }
        for (rate, price) in price.overrides.iter_mut().flat_map(|change| &mut change.rates) {
            *price = multiplied(*rate, *price)?;
        }
        Some(price)
    }

    /// The prices that hold for a prompt of this many tokens at this time.
    pub fn for_prompt(&self, prompt_tokens: u64, at: Timestamp) -> Rates {
        let mut rates = self.rates;
        for change in &self.overrides {
            if change.when.holds(prompt_tokens, at) {
                rates.change(&change.rates);
            }
        }
        rates
    }

    pub(crate) fn from_entry(row: &PriceEntry) -> Result<Self, MoneyError> {
        let mut overrides = Vec::new();
        for tier in &row.tiers {
            let when = When::PromptAbove(tier.above);
            overrides.push(Override { when, rates: parse_all(&tier.rates)? });
        }
        for window in &row.windows {
            let times =
                MinuteOfDay::parse(&window.utc_start).zip(MinuteOfDay::parse(&window.utc_end));
            // Checked before: every window has two times.
            if let Some((start, end)) = times {
                let when = When::Between(start, end);
                overrides.push(Override { when, rates: parse_all(&window.rates)? });
            }
        }
        Ok(Self {
            rates: Rates::from_texts(&row.rates)?,
            overrides,
            source: row.source.clone().unwrap_or_else(|| "config".to_owned()),
            as_of: row.as_of.clone(),
            note: row.note.clone(),
        })
    }
}

impl Rates {
    /// About what a call costs, in pico-dollars: for comparing endpoints, not for billing.
    ///
    /// A prompt is taken to have a usual number of characters and to be spoken at a usual pace, and
    /// the answer to be one image or one search where those are priced: so an endpoint priced by the
    /// piece never looks free. What a model reads or writes besides text counts where that is all it
    /// is priced by.
    pub fn estimate(&self, prompt_tokens: u64, answer_tokens: u64) -> u128 {
        let or = |price: UnitPrice, others: [Option<UnitPrice>; 2]| {
            let other = others.into_iter().flatten().max().unwrap_or(UnitPrice::ZERO);
            if price == UnitPrice::ZERO { other } else { price }
        };
        let times = |price: Option<UnitPrice>, units: u64| {
            u128::from(price.unwrap_or(UnitPrice::ZERO).picos()).saturating_mul(units.into())
        };
        let lines = [
            times(Some(or(self.input, [self.audio, self.image_token])), prompt_tokens),
            times(Some(or(self.output, [self.audio_output, self.image_output])), answer_tokens),
            times(self.character, prompt_tokens.saturating_mul(CHARACTERS_PER_TOKEN)),
            times(self.audio_second, prompt_tokens.saturating_mul(SPOKEN_MILLIS_PER_TOKEN)),
            times(self.request, 1),
            times(self.output_image, 1),
            times(self.search_unit, 1),
        ];
        lines.into_iter().fold(0, u128::saturating_add)
    }

    /// Only input and output, at these prices.
    pub const fn new(input: UnitPrice, output: UnitPrice) -> Self {
        Self {
            input,
            output,
            cache_read: None,
            cache_write: None,
            cache_write_1h: None,
            reasoning: None,
            image: None,
            image_token: None,
            image_output: None,
            audio: None,
            audio_output: None,
            request: None,
            web_search: None,
            character: None,
            audio_second: None,
            output_image: None,
            search_unit: None,
        }
    }

    /// The price of `rate`, when it has one.
    pub const fn get(&self, rate: Rate) -> Option<UnitPrice> {
        match rate {
            Rate::Input => Some(self.input),
            Rate::Output => Some(self.output),
            Rate::CacheRead => self.cache_read,
            Rate::CacheWrite => self.cache_write,
            Rate::CacheWrite1h => self.cache_write_1h,
            Rate::Reasoning => self.reasoning,
            Rate::Image => self.image,
            Rate::ImageToken => self.image_token,
            Rate::ImageOutput => self.image_output,
            Rate::Audio => self.audio,
            Rate::AudioOutput => self.audio_output,
            Rate::Request => self.request,
            Rate::WebSearch => self.web_search,
            Rate::Character => self.character,
            Rate::AudioSecond => self.audio_second,
            Rate::OutputImage => self.output_image,
            Rate::SearchUnit => self.search_unit,
        }
    }

    /// Sets the price of `rate`.
    pub const fn set(&mut self, rate: Rate, price: UnitPrice) {
        match rate {
            Rate::Input => self.input = price,
            Rate::Output => self.output = price,
            Rate::CacheRead => self.cache_read = Some(price),
            Rate::CacheWrite => self.cache_write = Some(price),
            Rate::CacheWrite1h => self.cache_write_1h = Some(price),
            Rate::Reasoning => self.reasoning = Some(price),
            Rate::Image => self.image = Some(price),
            Rate::ImageToken => self.image_token = Some(price),
            Rate::ImageOutput => self.image_output = Some(price),
            Rate::Audio => self.audio = Some(price),
            Rate::AudioOutput => self.audio_output = Some(price),
            Rate::Request => self.request = Some(price),
            Rate::WebSearch => self.web_search = Some(price),
            Rate::Character => self.character = Some(price),
            Rate::AudioSecond => self.audio_second = Some(price),
            Rate::OutputImage => self.output_image = Some(price),
            Rate::SearchUnit => self.search_unit = Some(price),
        }
    }

    fn change(&mut self, changes: &[(Rate, UnitPrice)]) {
        for (rate, price) in changes {
            self.set(*rate, *price);
        }
    }

    fn from_texts(texts: &RateTexts) -> Result<Self, MoneyError> {
        let mut rates = Self::new(UnitPrice::ZERO, UnitPrice::ZERO);
        rates.change(&parse_all(texts)?);
        Ok(rates)
    }
}

impl When {
    fn holds(self, prompt_tokens: u64, at: Timestamp) -> bool {
        match self {
            Self::PromptAbove(above) => prompt_tokens > above,
            Self::Between(start, end) => {
                let now = MinuteOfDay::of(at);
                if start <= end { start <= now && now < end } else { start <= now || now < end }
            }
        }
    }
}

impl MinuteOfDay {
    /// The minute this instant falls in.
    pub fn of(at: Timestamp) -> Self {
        let minutes = at.unix_millis().div_euclid(MILLIS_PER_MINUTE).rem_euclid(MINUTES_PER_DAY);
        // Less than a day's minutes always fits.
        Self(u16::try_from(minutes).unwrap_or(0))
    }

    /// Reads `HHMM`.
    pub fn parse(text: &str) -> Option<Self> {
        minute_of_day(text).map(Self)
    }

    /// Writes `HHMM`.
    pub fn to_hhmm(self) -> String {
        let hours = self.0.checked_div(MINUTES_PER_HOUR).unwrap_or(0);
        let minutes = self.0.checked_rem(MINUTES_PER_HOUR).unwrap_or(0);
        format!("{hours:02}{minutes:02}")
    }
}

fn parse_all(texts: &RateTexts) -> Result<Vec<(Rate, UnitPrice)>, MoneyError> {
    texts.iter().map(|(rate, text)| Ok((*rate, parse(*rate, text)?))).collect()
}

fn parse(rate: Rate, text: &str) -> Result<UnitPrice, MoneyError> {
    match rate.lot() {
        Lot::One => UnitPrice::per_unit(text),
        Lot::Thousand => UnitPrice::per_thousand(text),
        Lot::Million => UnitPrice::per_million(text),
    }
}

#[cfg(test)]
mod tests;
