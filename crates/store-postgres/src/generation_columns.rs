//! How a generation lies in its row: which parts are JSON, and the way back.
//!
//! The JSON types are this crate's own, so that renaming a field of the domain can't change what
//! is stored. Empty fields are left out, and unknown ones ignored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::postgres::PgRow;
use tollgate_ledger::{AccountId, NodeId};
use tollgate_store::{
    AttemptRecord, Attribution, ErrorRecord, GenerationRecord, RoutingRecord, StoreError,
};
use tollgate_types::{GenerationId, ModelSlug, ProviderSlug, Timestamp, Usage, UsageSource};

use crate::columns::{Columns, held};
use crate::routing_column::RoutingRow;

/// The counts without a column.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct UsageDetail {
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
pub(crate) struct AttributionDetail {
    #[serde(skip_serializing_if = "is_default")]
    app_categories: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    user_agent: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    tags: BTreeMap<String, String>,
}

/// One try at one endpoint.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AttemptRow {
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
    pub(crate) fn of(usage: &Usage) -> Self {
        let count = |count| held(count).unsigned_abs();
        Self {
            cache_write_tokens: count(usage.cache_write_tokens),
            cache_write_1h_tokens: count(usage.cache_write_1h_tokens),
            audio_prompt_tokens: count(usage.audio_prompt_tokens),
            image_prompt_tokens: count(usage.image_prompt_tokens),
            video_prompt_tokens: count(usage.video_prompt_tokens),
            audio_completion_tokens: count(usage.audio_completion_tokens),
            image_completion_tokens: count(usage.image_completion_tokens),
            accepted_prediction_tokens: count(usage.accepted_prediction_tokens),
            rejected_prediction_tokens: count(usage.rejected_prediction_tokens),
            prompt_images: count(usage.prompt_images),
            web_searches: count(usage.web_searches),
            prompt_characters: count(usage.prompt_characters),
            prompt_audio_milliseconds: count(usage.prompt_audio_milliseconds),
            completion_images: count(usage.completion_images),
            search_units: count(usage.search_units),
        }
    }
}

impl AttributionDetail {
    pub(crate) fn of(attribution: &Attribution) -> Self {
        Self {
            app_categories: attribution.app_categories.clone(),
            origin: attribution.origin.clone(),
            user_agent: attribution.user_agent.clone(),
            tags: attribution.tags.clone(),
        }
    }
}

pub(crate) fn attempt_rows(attempts: &[AttemptRecord]) -> Vec<AttemptRow> {
    let row = |attempt: &AttemptRecord| AttemptRow {
        endpoint: attempt.endpoint.clone(),
        provider: attempt.provider.clone(),
        model: attempt.model.clone(),
        status: attempt.status,
        fault: attempt.fault.clone(),
        latency_ms: held(attempt.latency_ms).unsigned_abs(),
        started_at: attempt.started_at.unix_millis(),
        dropped: attempt.dropped.clone(),
        continued: attempt.continued,
    };
    attempts.iter().map(row).collect()
}

pub(crate) const fn source_text(source: UsageSource) -> &'static str {
    match source {
        UsageSource::Reported => "reported",
        UsageSource::Estimated => "estimated",
    }
}

pub(crate) fn read_generation(row: &PgRow) -> Result<GenerationRecord, StoreError> {
    let columns = Columns::of("generation", row);
    let provider_slug = |text: &str| ProviderSlug::parse(text).ok();
    Ok(GenerationRecord {
        id: GenerationId::from_text(&columns.text("id")?),
        request_id: columns.optional_string("request_id")?,
        key_hash: columns.key_hash("key_hash")?,
        workspace_id: columns.string("workspace_id")?,
        account: columns.parsed("account", |text| AccountId::new(text).ok())?,
        paid_by: columns.optional_text("paid_by")?.map(|it| NodeId::new(&it)),
        created_at: columns.timestamp("created_at")?,
        model: columns.parsed("model", |text| ModelSlug::parse(text).ok())?,
        requested_model: columns.string("requested_model")?,
        router: columns.optional_string("router")?,
        preset_id: columns.optional_string("preset_id")?,
        provider: columns.optional_string("provider")?,
        provider_slug: columns.optional_parsed("provider_slug", provider_slug)?,
        endpoint_id: columns.optional_string("endpoint_id")?,
        upstream_id: columns.optional_string("upstream_id")?,
        api_type: columns.string("api_type")?,
        streamed: columns.flag("streamed")?,
        cancelled: columns.flag("cancelled")?,
        is_byok: columns.flag("is_byok")?,
        unpriced: columns.flag("unpriced")?,
        price_source: columns.optional_string("price_source")?,
        finish_reason: columns.optional_string("finish_reason")?,
        native_finish_reason: columns.optional_string("native_finish_reason")?,
        latency_ms: columns.optional_count("latency_ms")?,
        generation_time_ms: columns.optional_count("generation_time_ms")?,
        usage: read_usage(&columns)?,
        cost: columns.usd("cost_nanos")?,
        upstream_cost: columns.usd("upstream_cost_nanos")?,
        cache_discount: columns.optional_usd("cache_discount_nanos")?,
        service_tier: columns.optional_string("service_tier")?,
        attribution: read_attribution(&columns)?,
        attempts: read_attempts(&columns)?,
        routing: read_routing(&columns)?,
        error: read_error(&columns)?,
    })
}

fn read_usage(columns: &Columns<'_>) -> Result<Usage, StoreError> {
    let detail: UsageDetail = columns.json("usage_detail")?;
    let source = |text: &str| {
        [UsageSource::Reported, UsageSource::Estimated]
            .into_iter()
            .find(|source| source_text(*source) == text)
    };
    Ok(Usage {
        source: columns.parsed("usage_source", source)?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cached_tokens: columns.count("cached_tokens")?,
        cache_write_tokens: detail.cache_write_tokens,
        cache_write_1h_tokens: detail.cache_write_1h_tokens,
        audio_prompt_tokens: detail.audio_prompt_tokens,
        image_prompt_tokens: detail.image_prompt_tokens,
        video_prompt_tokens: detail.video_prompt_tokens,
        reasoning_tokens: columns.count("reasoning_tokens")?,
        audio_completion_tokens: detail.audio_completion_tokens,
        image_completion_tokens: detail.image_completion_tokens,
        accepted_prediction_tokens: detail.accepted_prediction_tokens,
        rejected_prediction_tokens: detail.rejected_prediction_tokens,
        prompt_images: detail.prompt_images,
        web_searches: detail.web_searches,
        prompt_characters: detail.prompt_characters,
        prompt_audio_milliseconds: detail.prompt_audio_milliseconds,
        completion_images: detail.completion_images,
        search_units: detail.search_units,
    })
}

fn read_attribution(columns: &Columns<'_>) -> Result<Attribution, StoreError> {
    let detail: AttributionDetail = columns.json("attribution_detail")?;
    Ok(Attribution {
        http_referer: columns.optional_string("http_referer")?,
        app_title: columns.optional_string("app_title")?,
        app_categories: detail.app_categories,
        origin: detail.origin,
        user_agent: detail.user_agent,
        external_user: columns.optional_string("external_user")?,
        session_id: columns.optional_string("session_id")?,
        tags: detail.tags,
    })
}

/// Why a call went where it went; a text that can't be read is none.
fn read_routing(columns: &Columns<'_>) -> Result<Option<Box<RoutingRecord>>, StoreError> {
    let text = columns.optional_text("routing")?;
    let row = text.as_deref().and_then(|text| serde_json::from_str::<RoutingRow<'_>>(text).ok());
    Ok(row.map(|row| Box::new(row.into_record())))
}

fn read_attempts(columns: &Columns<'_>) -> Result<Vec<AttemptRecord>, StoreError> {
    let rows: Vec<AttemptRow> = columns.json("attempts")?;
    let record = |row: AttemptRow| AttemptRecord {
        endpoint: row.endpoint,
        provider: row.provider,
        model: row.model,
        status: row.status,
        fault: row.fault,
        latency_ms: row.latency_ms,
        started_at: Timestamp::from_unix_millis(row.started_at),
        dropped: row.dropped,
        continued: row.continued,
    };
    Ok(rows.into_iter().map(record).collect())
}

fn read_error(columns: &Columns<'_>) -> Result<Option<ErrorRecord>, StoreError> {
    let Some(status) = columns.optional_count("error_status")? else { return Ok(None) };
    Ok(Some(ErrorRecord {
        status: u16::try_from(status).map_err(|_| columns.corrupt("error_status"))?,
        error_type: columns.string("error_type")?,
        message: columns.string("error_message")?,
    }))
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
