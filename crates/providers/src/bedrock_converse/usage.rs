//! Counts.

use tollgate_types::{Usage, UsageSource};

use super::shape::UsageObject;

/// The counts in our totals, which include their parts: this protocol's `inputTokens` are those
/// the cache had nothing to do with.
pub(super) fn usage(report: &UsageObject) -> Usage {
    let read = report.cache_read_input_tokens.unwrap_or(0);
    let written = report.cache_write_input_tokens.unwrap_or(0);
    let details = report.cache_details.iter().flatten();
    let for_an_hour = details
        .filter(|detail| detail.ttl.as_deref() == Some("1h"))
        .filter_map(|detail| detail.input_tokens)
        .fold(0_u64, u64::saturating_add);
    Usage {
        source: UsageSource::Reported,
        prompt_tokens: report
            .input_tokens
            .unwrap_or(0)
            .saturating_add(read)
            .saturating_add(written),
        completion_tokens: report.output_tokens.unwrap_or(0),
        cached_tokens: read,
        cache_write_tokens: written,
        cache_write_1h_tokens: for_an_hour.min(written),
        ..Usage::default()
    }
}
