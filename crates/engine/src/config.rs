//! What the pipeline can be set to.

use std::time::Duration;

use tollgate_routing::{RetryPolicy, Sort};

/// Times and bounds of the pipeline.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// How long a stream may be quiet before a comment is sent to keep it open. Until the first
    /// comment, a failure still has its true HTTP status.
    pub keep_alive: Duration,
    /// How long a model may take to its first word, besides what reading a long prompt takes: see
    /// `Self::patience`.
    pub first_byte_timeout: Duration,
    /// The same for a model that may think before it speaks.
    pub reasoning_first_byte_timeout: Duration,
    /// How long an answer that is not streamed may take.
    pub whole_timeout: Duration,
    /// How long a stream may be silent between two chunks.
    pub idle_timeout: Duration,
    /// How long a stream that has begun may take in all, from the call on; `None` is without end.
    pub stream_timeout: Option<Duration>,
    /// Most calls under way and records not yet written, together; a store that does not keep up
    /// slows admission down instead of filling the memory.
    pub unrecorded_max: usize,
    /// Largest answer taken that is not streamed, in bytes.
    pub answer_bytes_max: usize,
    /// What endpoints are sorted by where the request does not say.
    pub sort: Option<Sort>,
    /// Whether every call may have a second endpoint started when the first is slower than it
    /// usually is.
    pub hedge: bool,
    /// When a call that no endpoint would serve is tried again.
    pub retry: RetryPolicy,
    /// How often endpoints that fail are asked whether they are well again; never when absent.
    pub probe_interval: Option<Duration>,
    /// Whether endpoints without a price are left out for everybody, because calls are paid for.
    pub billing: bool,
    /// How batches are answered.
    pub batches: BatchConfig,
    /// How much is kept of answers, to be told again.
    pub cache: CacheConfig,
}

/// How much is kept of answers, to be told again to who asks the same (contract §6.4).
#[derive(Debug, Clone, Copy)]
pub struct CacheConfig {
    /// Most bytes of all of them; none are kept where it is 0.
    pub bytes_max: usize,
    /// Most bytes of one of them; longer ones are not kept.
    pub entry_bytes_max: usize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { bytes_max: 64 * 1024 * 1024, entry_bytes_max: 2 * 1024 * 1024 }
    }
}

/// How batches are answered.
#[derive(Debug, Clone)]
pub struct BatchConfig {
    /// What of the price of an answer is not charged, in millionths.
    pub discount: u32,
    /// Most requests of batches under way at once; of one batch half as many.
    pub concurrency: usize,
    /// Most requests of one batch.
    pub requests_max: u32,
    /// Most bytes of one batch.
    pub bytes_max: u64,
    /// Most bytes of one request.
    pub request_bytes_max: usize,
    /// How long a batch may take.
    pub window: Duration,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            discount: 500_000,
            concurrency: 16,
            requests_max: 50_000,
            bytes_max: 200 * 1024 * 1024,
            request_bytes_max: 4 * 1024 * 1024,
            window: Duration::from_hours(24),
        }
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            keep_alive: Duration::from_millis(1_500),
            first_byte_timeout: Duration::from_secs(15),
            reasoning_first_byte_timeout: Duration::from_mins(3),
            whole_timeout: Duration::from_mins(5),
            idle_timeout: Duration::from_mins(2),
            stream_timeout: Some(Duration::from_hours(1)),
            unrecorded_max: 32_768,
            answer_bytes_max: 64 * 1024 * 1024,
            sort: None,
            hedge: false,
            retry: RetryPolicy::default(),
            probe_interval: None,
            billing: false,
            batches: BatchConfig::default(),
            cache: CacheConfig::default(),
        }
    }
}

/// How fast an endpoint reads a prompt that reads slowly.
const TOKENS_READ_PER_SECOND: u64 = 4_000;
/// However long a prompt is, its first word is not waited for any longer, unless what is set is
/// longer.
const READING_MAX: Duration = Duration::from_mins(1);

impl EngineConfig {
    /// How long a model may take to its first word after a prompt of so many tokens. One that may
    /// think has the same time whatever the prompt.
    pub(crate) fn patience(&self, may_think: bool, prompt_tokens: u64) -> Duration {
        if may_think {
            return self.reasoning_first_byte_timeout;
        }
        let millis = prompt_tokens.saturating_mul(1_000) / TOKENS_READ_PER_SECOND;
        let patience = self.first_byte_timeout.saturating_add(Duration::from_millis(millis));
        patience.min(self.first_byte_timeout.max(READING_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_prompts_have_more_time_up_to_a_minute() {
        let mut config = EngineConfig::default();
        for (prompt_tokens, millis) in
            [(0, 15_000), (1_000, 15_250), (40_000, 25_000), (180_000, 60_000), (u64::MAX, 60_000)]
        {
            assert_eq!(config.patience(false, prompt_tokens), Duration::from_millis(millis));
            assert_eq!(config.patience(true, prompt_tokens), Duration::from_mins(3));
        }
        config.first_byte_timeout = Duration::from_mins(2);
        assert_eq!(config.patience(false, 1_000_000), Duration::from_mins(2));
    }
}
