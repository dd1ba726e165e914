//! A generation out of its row.

use sqlx::postgres::PgRow;
use tollgate_ledger::{AccountId, NodeId};
use tollgate_store::columns::{
    AttributionDetail, UsageDetail, attempt_records, routing_record, source_of,
};
use tollgate_store::{Attribution, ErrorRecord, GenerationRecord, RoutingRecord, StoreError};
use tollgate_types::{GenerationId, ModelSlug, ProviderSlug, Usage};

use crate::columns::Columns;

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
        api_type: columns.string("api_type")?.into(),
        streamed: columns.flag("streamed")?,
        cancelled: columns.flag("cancelled")?,
        is_byok: columns.flag("is_byok")?,
        unpriced: columns.flag("unpriced")?,
        price_source: columns.optional_string("price_source")?,
        finish_reason: columns.optional_string("finish_reason")?.map(Into::into),
        native_finish_reason: columns.optional_string("native_finish_reason")?,
        latency_ms: columns.optional_count("latency_ms")?,
        generation_time_ms: columns.optional_count("generation_time_ms")?,
        usage: read_usage(&columns)?,
        cost: columns.usd("cost_nanos")?,
        upstream_cost: columns.usd("upstream_cost_nanos")?,
        cache_discount: columns.optional_usd("cache_discount_nanos")?,
        service_tier: columns.optional_string("service_tier")?,
        attribution: read_attribution(&columns)?,
        attempts: attempt_records(columns.json("attempts")?),
        routing: read_routing(&columns)?,
        error: read_error(&columns)?,
    })
}

fn read_usage(columns: &Columns<'_>) -> Result<Usage, StoreError> {
    let detail: UsageDetail = columns.json("usage_detail")?;
    Ok(detail.into_usage(Usage {
        source: columns.parsed("usage_source", source_of)?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cached_tokens: columns.count("cached_tokens")?,
        reasoning_tokens: columns.count("reasoning_tokens")?,
        ..Usage::default()
    }))
}

fn read_attribution(columns: &Columns<'_>) -> Result<Attribution, StoreError> {
    let detail: AttributionDetail = columns.json("attribution_detail")?;
    Ok(detail.into_attribution(Attribution {
        http_referer: columns.optional_string("http_referer")?,
        app_title: columns.optional_string("app_title")?,
        external_user: columns.optional_string("external_user")?,
        session_id: columns.optional_string("session_id")?,
        ..Attribution::default()
    }))
}

fn read_routing(columns: &Columns<'_>) -> Result<Option<Box<RoutingRecord>>, StoreError> {
    let text = columns.optional_text("routing")?;
    Ok(text.as_deref().and_then(routing_record).map(Box::new))
}

pub(crate) fn read_error(columns: &Columns<'_>) -> Result<Option<ErrorRecord>, StoreError> {
    let Some(status) = columns.optional_count("error_status")? else { return Ok(None) };
    Ok(Some(ErrorRecord {
        status: u16::try_from(status).map_err(|_| columns.corrupt("error_status"))?,
        error_type: columns.string("error_type")?,
        message: columns.string("error_message")?,
    }))
}
