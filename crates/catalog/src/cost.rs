//! What a call costs.

use tollgate_types::{Timestamp, UnitPrice, Units, Usage, Usd, total};

use crate::price::{Price, Rates, When};

/// What a call costs, and what for.
///
/// `total` is the bill: exact, rounded once, up, to a whole nano-dollar. The parts are for display.
/// Each is rounded up on its own, so together they are never less than the total, and at most two
/// nano-dollars more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// The whole bill.
    pub total: Usd,
    /// For what the model read.
    pub prompt: Usd,
    /// For what the model wrote.
    pub completion: Usd,
    /// For the request itself and what is billed by the piece: images, searches, characters, time.
    pub other: Usd,
}

/// Why a call has no cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// The counts or prices are absurd.
    #[error("the cost is more than an amount can hold")]
    Overflow,
}

type Line = (UnitPrice, Units);

impl Price {
    /// What this usage costs at this time (contract §6.2).
    ///
    /// The prices are those for the prompt's size and the hour ([`Price::for_prompt`]). Then, each
    /// token once:
    ///
    /// - cached prompt tokens at `cache_read`, else `input`;
    /// - tokens written to the cache for an hour at `cache_write_1h`, else `cache_write`, else
    ///   `input`; other written tokens at `cache_write`, else `input`;
    /// - audio prompt tokens at `audio`, else `input`; image prompt tokens at `image_token`, else
    ///   `input`; the rest of the prompt, video included, at `input`;
    /// - reasoning at `reasoning`, else `output`; image and audio completion tokens at
    ///   `image_output` and `audio_output`, else `output`; the rest of the completion at `output`;
    /// - `request` once; `image` for each image in the prompt and `web_search` for each search,
    ///   where priced;
    /// - `character` for each character read, `audio_second` for each millisecond heard,
    ///   `output_image` for each image made and `search_unit` for each search in the documents of a
    ///   rerank, where priced.
    ///
    /// What is counted in two ways, an image as tokens and by the piece, is billed in each way that
    /// has a price: rows state the one that their provider bills.
    ///
    /// Details may overlap (an audio token may be cached) or, from a careless provider, exceed
    /// their total. They are taken from the total in the order above, each at most what is left, so
    /// that a token is never billed twice and the bill never exceeds what the totals allow.
    pub fn cost(&self, usage: &Usage, at: Timestamp) -> Result<Cost, CostError> {
        let rates = self.for_prompt(usage.prompt_tokens, at);
        let (prompt, completion, other) = (
            prompt_lines(&rates, usage),
            completion_lines(&rates, usage),
            other_lines(&rates, usage),
        );
        let all = prompt.into_iter().chain(completion).chain(other);
        Ok(Cost {
            total: total(all).ok_or(CostError::Overflow)?,
            prompt: total(prompt).ok_or(CostError::Overflow)?,
            completion: total(completion).ok_or(CostError::Overflow)?,
            other: total(other).ok_or(CostError::Overflow)?,
        })
    }

    /// The most that a call with at most these counts can cost, at any time of day: for holding
    /// funds before the details are known.
    ///
    /// Only the totals and what is counted by the piece count of `usage`; every token is taken at
    /// the dearest price it could have.
    pub fn most(&self, usage: &Usage) -> Result<Usd, CostError> {
        let mut rates = self.rates;
        for change in &self.overrides {
            if let When::PromptAbove(above) = change.when
                && usage.prompt_tokens <= above
            {
                continue;
            }
            // Raised, never lowered: a shorter prompt or another hour may not see the change.
            for (rate, price) in &change.rates {
                let before = rates.get(*rate).unwrap_or(UnitPrice::ZERO);
                rates.set(*rate, before.max(*price));
            }
        }
        dearest_cost(&rates, usage)
    }
}

/// The cost when every token is at the dearest price it could have.
fn dearest_cost(rates: &Rates, usage: &Usage) -> Result<Usd, CostError> {
    let dearest = |first: UnitPrice, others: &[Option<UnitPrice>]| {
        others.iter().flatten().copied().fold(first, UnitPrice::max)
    };
    let (cache, media) = (
        [rates.cache_read, rates.cache_write, rates.cache_write_1h],
        [rates.audio, rates.image_token],
    );
    let read = dearest(dearest(rates.input, &cache), &media);
    let written = dearest(rates.output, &[rates.reasoning, rates.image_output, rates.audio_output]);
    let lines = [(read, usage.prompt_tokens), (written, usage.completion_tokens)];
    total(lines.into_iter().chain(other_lines(rates, usage))).ok_or(CostError::Overflow)
}

fn prompt_lines(rates: &Rates, usage: &Usage) -> [Line; 6] {
    let mut left = usage.prompt_tokens;
    let cached = take(&mut left, usage.cached_tokens);
    let mut written = take(&mut left, usage.cache_write_tokens);
    let written_1h = take(&mut written, usage.cache_write_1h_tokens);
    let audio = take(&mut left, usage.audio_prompt_tokens);
    let images = take(&mut left, usage.image_prompt_tokens);
    let input = rates.input;
    let write = rates.cache_write.unwrap_or(input);
    [
        (rates.cache_read.unwrap_or(input), cached),
        (rates.cache_write_1h.unwrap_or(write), written_1h),
        (write, written),
        (rates.audio.unwrap_or(input), audio),
        (rates.image_token.unwrap_or(input), images),
        (input, left),
    ]
}

fn completion_lines(rates: &Rates, usage: &Usage) -> [Line; 4] {
    let mut left = usage.completion_tokens;
    let reasoning = take(&mut left, usage.reasoning_tokens);
    let images = take(&mut left, usage.image_completion_tokens);
    let audio = take(&mut left, usage.audio_completion_tokens);
    let output = rates.output;
    [
        (rates.reasoning.unwrap_or(output), reasoning),
        (rates.image_output.unwrap_or(output), images),
        (rates.audio_output.unwrap_or(output), audio),
        (output, left),
    ]
}

fn other_lines(rates: &Rates, usage: &Usage) -> [Line; 7] {
    let line = |price: Option<UnitPrice>, units| (price.unwrap_or(UnitPrice::ZERO), units);
    [
        line(rates.request, 1),
        line(rates.image, usage.prompt_images),
        line(rates.web_search, usage.web_searches),
        line(rates.character, usage.prompt_characters),
        line(rates.audio_second, usage.prompt_audio_milliseconds),
        line(rates.output_image, usage.completion_images),
        line(rates.search_unit, usage.search_units),
    ]
}

/// Takes at most `wanted` of what is left.
fn take(left: &mut u64, wanted: u64) -> u64 {
    let taken = wanted.min(*left);
    *left = left.saturating_sub(taken);
    taken
}

#[cfg(test)]
mod tests;
