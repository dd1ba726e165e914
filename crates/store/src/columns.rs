//! The parts of a generation's row, and of a batch's, that are JSON, in the form that both SQL backends keep them in, and how both ask their tables of sums.
//!
//! The types are of their own, so that renaming a field of the domain can't change what is stored.
//! Empty fields are left out, and unknown ones ignored.

mod needles;
mod routing;
mod steered;
mod sums;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_types::{Timestamp, Usage, UsageSource};

pub use self::needles::{SEVERAL_ATTEMPTS, TAGS_BEGIN, provider_needle, tag_needle};
pub use self::routing::{routing_record, routing_text};
pub use self::sums::{named, names, table_of_sums, table_of_times};
use crate::{AttemptRecord, Attribution};

/// The counts without a column.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UsageDetail {
    #[serde(skip_serializing_if = "is_default")]
    cache_write_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    cache_write_1h_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    audio_prompt_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    image_prompt_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    video_prompt_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    audio_completion_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    image_completion_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    accepted_prediction_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    rejected_prediction_tokens: u64,
    #[serde(skip_serializing_if = "is_default")]
    prompt_images: u64,
    #[serde(skip_serializing_if = "is_default")]
    web_searches: u64,
    #[serde(skip_serializing_if = "is_default")]
    prompt_characters: u64,
    #[serde(skip_serializing_if = "is_default")]
    prompt_audio_milliseconds: u64,
    #[serde(skip_serializing_if = "is_default")]
    completion_images: u64,
    #[serde(skip_serializing_if = "is_default")]
    search_units: u64,
}

/// What a caller says about itself, without a column.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttributionDetail {
    #[serde(skip_serializing_if = "is_default")]
    app_categories: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    tags: BTreeMap<String, String>,
}

/// All that a caller says about itself, where nothing of it has a column.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttributionRow {
    #[serde(skip_serializing_if = "is_default")]
    http_referer: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    app_title: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    external_user: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    session_id: Option<String>,
    #[serde(flatten)]
    detail: AttributionDetail,
}

/// One try at one endpoint.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttemptRow {
    endpoint: String,
    provider: String,
    model: String,
    #[serde(skip_serializing_if = "is_default")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "is_default")]
    fault: Option<String>,
    latency_ms: u64,
    /// Milliseconds since the epoch.
    started_at: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    continued: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl UsageDetail {
    /// What is kept of them.
    pub fn of(usage: &Usage) -> Self {
        Self {
            cache_write_tokens: bounded(usage.cache_write_tokens),
            cache_write_1h_tokens: bounded(usage.cache_write_1h_tokens),
            audio_prompt_tokens: bounded(usage.audio_prompt_tokens),
            image_prompt_tokens: bounded(usage.image_prompt_tokens),
            video_prompt_tokens: bounded(usage.video_prompt_tokens),
            audio_completion_tokens: bounded(usage.audio_completion_tokens),
            image_completion_tokens: bounded(usage.image_completion_tokens),
            accepted_prediction_tokens: bounded(usage.accepted_prediction_tokens),
            rejected_prediction_tokens: bounded(usage.rejected_prediction_tokens),
            prompt_images: bounded(usage.prompt_images),
            web_searches: bounded(usage.web_searches),
            prompt_characters: bounded(usage.prompt_characters),
            prompt_audio_milliseconds: bounded(usage.prompt_audio_milliseconds),
            completion_images: bounded(usage.completion_images),
            search_units: bounded(usage.search_units),
        }
    }
}

impl UsageDetail {
    /// All counts: these, and those that have columns.
    pub const fn into_usage(self, with: Usage) -> Usage {
        Usage {
            cache_write_tokens: self.cache_write_tokens,
            cache_write_1h_tokens: self.cache_write_1h_tokens,
            audio_prompt_tokens: self.audio_prompt_tokens,
            image_prompt_tokens: self.image_prompt_tokens,
            video_prompt_tokens: self.video_prompt_tokens,
            audio_completion_tokens: self.audio_completion_tokens,
            image_completion_tokens: self.image_completion_tokens,
            accepted_prediction_tokens: self.accepted_prediction_tokens,
            rejected_prediction_tokens: self.rejected_prediction_tokens,
            prompt_images: self.prompt_images,
            web_searches: self.web_searches,
            prompt_characters: self.prompt_characters,
            prompt_audio_milliseconds: self.prompt_audio_milliseconds,
            completion_images: self.completion_images,
            search_units: self.search_units,
            ..with
        }
    }
}

impl AttributionDetail {
    /// What is kept of it.
    pub fn of(attribution: &Attribution) -> Self {
        Self {
            app_categories: attribution.app_categories.clone(),
            origin: attribution.origin.clone(),
            user_agent: attribution.user_agent.clone(),
            tags: attribution.tags.clone(),
        }
    }

    /// All that a caller said: this, and what has columns.
    pub fn into_attribution(self, with: Attribution) -> Attribution {
        Attribution {
            app_categories: self.app_categories,
            origin: self.origin,
            user_agent: self.user_agent,
            tags: self.tags,
            ..with
        }
    }
}

impl AttributionRow {
    /// What is kept of it.
    pub fn of(attribution: &Attribution) -> Self {
        Self {
            http_referer: attribution.http_referer.clone(),
            app_title: attribution.app_title.clone(),
            external_user: attribution.external_user.clone(),
            session_id: attribution.session_id.clone(),
            detail: AttributionDetail::of(attribution),
        }
    }

    /// What a caller said.
    pub fn into_attribution(self) -> Attribution {
        self.detail.into_attribution(Attribution {
            http_referer: self.http_referer,
            app_title: self.app_title,
            external_user: self.external_user,
            session_id: self.session_id,
            ..Attribution::default()
        })
    }
}

impl AttemptRow {
    fn of(attempt: &AttemptRecord) -> Self {
        Self {
            endpoint: attempt.endpoint.clone(),
            provider: attempt.provider.clone(),
            model: attempt.model.clone(),
            status: attempt.status,
            fault: attempt.fault.clone(),
            latency_ms: bounded(attempt.latency_ms),
            started_at: attempt.started_at.unix_millis(),
            dropped: attempt.dropped.clone(),
            continued: attempt.continued,
        }
    }

    fn into_record(self) -> AttemptRecord {
        AttemptRecord {
            endpoint: self.endpoint,
            provider: self.provider,
            model: self.model,
            status: self.status,
            fault: self.fault,
            latency_ms: self.latency_ms,
            started_at: Timestamp::from_unix_millis(self.started_at),
            dropped: self.dropped,
            continued: self.continued,
        }
    }
}

/// Tries as they are kept.
pub fn attempt_rows(attempts: &[AttemptRecord]) -> Vec<AttemptRow> {
    attempts.iter().map(AttemptRow::of).collect()
}

/// Tries as they were.
pub fn attempt_records(rows: Vec<AttemptRow>) -> Vec<AttemptRecord> {
    rows.into_iter().map(AttemptRow::into_record).collect()
}

/// Who counted, as it is kept.
pub const fn source_text(source: UsageSource) -> &'static str {
    match source {
        UsageSource::Reported => "reported",
        UsageSource::Estimated => "estimated",
    }
}

/// Who counted, of what was kept.
pub fn source_of(text: &str) -> Option<UsageSource> {
    let sources = [UsageSource::Reported, UsageSource::Estimated];
    sources.into_iter().find(|source| source_text(*source) == text)
}

/// A count as databases can hold it: larger ones stay at the end of their range.
pub(crate) fn bounded(count: u64) -> u64 {
    i64::try_from(count).unwrap_or(i64::MAX).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_an_older_version_did_not_know_are_zero() {
        let old: UsageDetail =
            serde_json::from_str(r#"{"prompt_images":14,"web_searches":15}"#).unwrap();
        let expected =
            UsageDetail { prompt_images: 14, web_searches: 15, ..UsageDetail::default() };
        assert_eq!(old, expected);
    }

    #[test]
    fn counts_that_a_newer_version_adds_are_passed_over() {
        let new: UsageDetail = serde_json::from_str(r#"{"search_units":1,"dreams":7}"#).unwrap();
        assert_eq!(new, UsageDetail { search_units: 1, ..UsageDetail::default() });
    }
}
