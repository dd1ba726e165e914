//! What one generation consumed.

/// Where the counts come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum UsageSource {
    /// The provider said so.
    Reported,
    /// The provider said nothing; counted here, and marked as such wherever it shows.
    #[default]
    Estimated,
}

/// Counts of one generation, in the provider's own tokens.
///
/// Totals include their parts: `prompt_tokens` includes cached, written, audio, image and video
/// tokens; `completion_tokens` includes reasoning, audio and image tokens (contract §3.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Where the counts come from.
    pub source: UsageSource,
    /// Everything the model read.
    pub prompt_tokens: u64,
    /// Everything the model wrote.
    pub completion_tokens: u64,
    /// Prompt tokens read from the provider's prompt cache.
    pub cached_tokens: u64,
    /// Prompt tokens written to the provider's prompt cache, all lifetimes.
    pub cache_write_tokens: u64,
    /// The part of `cache_write_tokens` written for an hour.
    pub cache_write_1h_tokens: u64,
    /// Prompt tokens that were audio.
    pub audio_prompt_tokens: u64,
    /// Prompt tokens that were images.
    pub image_prompt_tokens: u64,
    /// Prompt tokens that were video.
    pub video_prompt_tokens: u64,
    /// Completion tokens spent on reasoning.
    pub reasoning_tokens: u64,
    /// Completion tokens that were audio.
    pub audio_completion_tokens: u64,
    /// Completion tokens that were images.
    pub image_completion_tokens: u64,
    /// Predicted tokens the model took over.
    pub accepted_prediction_tokens: u64,
    /// Predicted tokens the model did not take over; billed as completion tokens.
    pub rejected_prediction_tokens: u64,
    /// Images in the prompt, for providers that price them by the piece.
    pub prompt_images: u64,
    /// Searches the provider ran.
    pub web_searches: u64,
    /// Characters of text the model read, for providers that price speech by them.
    pub prompt_characters: u64,
    /// Audio the model heard, in milliseconds, for providers that price it by time.
    pub prompt_audio_milliseconds: u64,
    /// Images the model made, for providers that price them by the piece.
    pub completion_images: u64,
    /// Searches in the documents of a rerank, for providers that price by them.
    pub search_units: u64,
}

/// More than any call can have of anything that is counted: no model reads or writes a thousandth
/// of it.
const COUNT_MAX: u64 = 1 << 40;

impl Usage {
    /// Both together: of two answers to one call that both are paid for.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut sum = *self;
        if other.source == UsageSource::Estimated {
            sum.source = UsageSource::Estimated;
        }
        for (mine, others) in [
            (&mut sum.prompt_tokens, other.prompt_tokens),
            (&mut sum.completion_tokens, other.completion_tokens),
            (&mut sum.cached_tokens, other.cached_tokens),
            (&mut sum.cache_write_tokens, other.cache_write_tokens),
            (&mut sum.cache_write_1h_tokens, other.cache_write_1h_tokens),
            (&mut sum.audio_prompt_tokens, other.audio_prompt_tokens),
            (&mut sum.image_prompt_tokens, other.image_prompt_tokens),
            (&mut sum.video_prompt_tokens, other.video_prompt_tokens),
            (&mut sum.reasoning_tokens, other.reasoning_tokens),
            (&mut sum.audio_completion_tokens, other.audio_completion_tokens),
            (&mut sum.image_completion_tokens, other.image_completion_tokens),
            (&mut sum.accepted_prediction_tokens, other.accepted_prediction_tokens),
            (&mut sum.rejected_prediction_tokens, other.rejected_prediction_tokens),
            (&mut sum.prompt_images, other.prompt_images),
            (&mut sum.web_searches, other.web_searches),
            (&mut sum.prompt_characters, other.prompt_characters),
            (&mut sum.prompt_audio_milliseconds, other.prompt_audio_milliseconds),
            (&mut sum.completion_images, other.completion_images),
            (&mut sum.search_units, other.search_units),
        ] {
            *mine = mine.saturating_add(others);
        }
        sum
    }

    /// The same without what was read and written: what else was done is left.
    #[must_use]
    pub fn without_tokens(&self) -> Self {
        Self {
            source: self.source,
            web_searches: self.web_searches,
            search_units: self.search_units,
            ..Self::default()
        }
    }

    /// Whether anything was counted here rather than by the provider. Where nothing was consumed,
    /// nothing was.
    pub const fn is_estimated(&self) -> bool {
        let counted = self.total_tokens() > 0
            || self.prompt_characters > 0
            || self.prompt_audio_milliseconds > 0
            || self.search_units > 0;
        matches!(self.source, UsageSource::Estimated) && counted
    }

    /// Whether a call can have consumed this much. What a broken provider reports beyond it is
    /// better not believed.
    pub const fn is_possible(&self) -> bool {
        self.prompt_tokens <= COUNT_MAX
            && self.completion_tokens <= COUNT_MAX
            && self.web_searches <= COUNT_MAX
            && self.prompt_characters <= COUNT_MAX
            && self.prompt_audio_milliseconds <= COUNT_MAX
            && self.completion_images <= COUNT_MAX
            && self.search_units <= COUNT_MAX
    }

    /// Prompt and completion together.
    pub const fn total_tokens(&self) -> u64 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}
