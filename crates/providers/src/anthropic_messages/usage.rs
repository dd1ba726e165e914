//! Counts, which come in two halves: what was read when the message starts, what was written when
//! it ends.

use tollgate_types::{Usage, UsageSource};

use super::shape::UsageObject;

/// Counts so far. What was read is counted at the start, so the greatest report of it counts:
/// imitations end with zeros for it. What was written is counted at the end, so the last does.
#[derive(Debug, Default)]
pub(super) struct Counts {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    cache_write_1h: u64,
    output: u64,
    thinking: u64,
    web_searches: u64,
}

impl Counts {
    /// Takes what a report says.
    pub(super) fn take(&mut self, report: &UsageObject) {
        let raise = |count: &mut u64, report: Option<u64>| *count = report.unwrap_or(0).max(*count);
        raise(&mut self.input, report.input_tokens);
        raise(&mut self.cache_read, report.cache_read_input_tokens);
        raise(&mut self.cache_write, report.cache_creation_input_tokens);
        // At the start a token is announced that may never be written.
        self.output = report.output_tokens.unwrap_or(self.output);
        if let Some(it) = &report.cache_creation {
            raise(&mut self.cache_write_1h, it.ephemeral_1h_input_tokens);
        }
        if let Some(it) = &report.output_tokens_details {
            raise(&mut self.thinking, it.thinking_tokens);
        }
        if let Some(it) = &report.server_tool_use {
            raise(&mut self.web_searches, it.web_search_requests);
        }
    }

    /// The counts in our totals, which include their parts: this protocol's `input_tokens` are
    /// those the cache had nothing to do with.
    pub(super) fn usage(&self, source: UsageSource) -> Usage {
        Usage {
            source,
            prompt_tokens: self
                .input
                .saturating_add(self.cache_read)
                .saturating_add(self.cache_write),
            completion_tokens: self.output,
            cached_tokens: self.cache_read,
            cache_write_tokens: self.cache_write,
            cache_write_1h_tokens: self.cache_write_1h.min(self.cache_write),
            reasoning_tokens: self.thinking.min(self.output),
            web_searches: self.web_searches,
            ..Usage::default()
        }
    }
}
