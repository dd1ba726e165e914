//! A batch of generations as the columns that it travels in.

use std::borrow::Cow;

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};
use tollgate_ledger::NodeId;
use tollgate_store::columns::{
    AttributionDetail, UsageDetail, attempt_rows, routing_text, source_text,
};
use tollgate_store::{ArmRecord, GenerationRecord, StoreError};
use tollgate_types::{ProviderSlug, Usd};

use crate::columns::{held, json_unless_default, optional_held};
use crate::error::failed;
use crate::text::kept;

/// Records, none of which is there yet.
pub(crate) struct Rows<'r, 'a>(pub(crate) &'r [&'a GenerationRecord]);

type Insert<'q> = Query<'q, Postgres, PgArguments>;

/// Columns and arrays in the order in which [`Rows`] binds them.
const INSERT: &str = "
    INSERT INTO generation (
        id, request_id, key_hash, workspace_id, account, paid_by, created_at, model,
        requested_model, router, preset_id, provider, provider_slug, endpoint_id, upstream_id,
        api_type, streamed, cancelled, is_byok, unpriced, price_source, finish_reason,
        native_finish_reason, latency_ms, generation_time_ms, usage_source, prompt_tokens,
        completion_tokens, cached_tokens, reasoning_tokens, usage_detail, cost_nanos,
        upstream_cost_nanos, cache_discount_nanos, service_tier, http_referer, app_title,
        external_user, session_id, attribution_detail, attempts, routing, experiment, arm,
        error_status, error_type, error_message
    )
    SELECT * FROM UNNEST(
        $1::TEXT[], $2::TEXT[], $3::BYTEA[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::BIGINT[],
        $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::TEXT[], $12::TEXT[], $13::TEXT[], $14::TEXT[],
        $15::TEXT[], $16::TEXT[], $17::BOOLEAN[], $18::BOOLEAN[], $19::BOOLEAN[],
        $20::BOOLEAN[], $21::TEXT[], $22::TEXT[], $23::TEXT[], $24::BIGINT[], $25::BIGINT[],
        $26::TEXT[], $27::BIGINT[], $28::BIGINT[], $29::BIGINT[], $30::BIGINT[], $31::TEXT[],
        $32::BIGINT[], $33::BIGINT[], $34::BIGINT[], $35::TEXT[], $36::TEXT[], $37::TEXT[],
        $38::TEXT[], $39::TEXT[], $40::TEXT[], $41::TEXT[], $42::TEXT[], $43::TEXT[],
        $44::TEXT[], $45::BIGINT[], $46::TEXT[], $47::TEXT[]
    )";

impl<'a> Rows<'_, 'a> {
    pub(crate) async fn insert(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let query = self.identity(sqlx::query(INSERT));
        let query = self.costs(self.answer(query));
        self.surroundings(query).execute(connection).await.map_err(failed)?;
        Ok(())
    }

    pub(crate) fn values<T>(&self, of: impl Fn(&'a GenerationRecord) -> T) -> Vec<T> {
        self.0.iter().map(|record| of(record)).collect()
    }

    pub(crate) fn texts(&self, of: impl Fn(&'a GenerationRecord) -> &'a str) -> Vec<Cow<'a, str>> {
        self.0.iter().map(|record| kept(of(record))).collect()
    }

    fn optional(
        &self,
        of: impl Fn(&'a GenerationRecord) -> Option<&'a str>,
    ) -> Vec<Option<Cow<'a, str>>> {
        self.0.iter().map(|record| of(record).map(kept)).collect()
    }

    /// Whose call it was, and what was asked for.
    fn identity<'q>(&self, query: Insert<'q>) -> Insert<'q>
    where
        'a: 'q,
    {
        query
            .bind(self.texts(|it| it.id.as_str()))
            .bind(self.optional(|it| it.request_id.as_deref()))
            .bind(self.values(|it| it.key_hash.as_bytes().as_slice()))
            .bind(self.texts(|it| &it.workspace_id))
            .bind(self.texts(|it| it.account.as_str()))
            .bind(self.optional(|it| it.paid_by.as_ref().map(NodeId::as_str)))
            .bind(self.values(|it| it.created_at.unix_millis()))
            .bind(self.texts(|it| it.model.as_str()))
            .bind(self.texts(|it| &it.requested_model))
            .bind(self.optional(|it| it.router.as_deref()))
            .bind(self.optional(|it| it.preset_id.as_deref()))
            .bind(self.optional(|it| it.provider.as_deref()))
            .bind(self.optional(|it| it.provider_slug.as_ref().map(ProviderSlug::as_str)))
            .bind(self.optional(|it| it.endpoint_id.as_deref()))
            .bind(self.optional(|it| it.upstream_id.as_deref()))
            .bind(self.texts(|it| &it.api_type))
    }

    /// How it was answered.
    fn answer<'q>(&self, query: Insert<'q>) -> Insert<'q>
    where
        'a: 'q,
    {
        query
            .bind(self.values(|it| it.streamed))
            .bind(self.values(|it| it.cancelled))
            .bind(self.values(|it| it.is_byok))
            .bind(self.values(|it| it.unpriced))
            .bind(self.optional(|it| it.price_source.as_deref()))
            .bind(self.optional(|it| it.finish_reason.as_deref()))
            .bind(self.optional(|it| it.native_finish_reason.as_deref()))
            .bind(self.values(|it| optional_held(it.latency_ms)))
            .bind(self.values(|it| optional_held(it.generation_time_ms)))
    }

    /// What it used and cost.
    fn costs<'q>(&self, query: Insert<'q>) -> Insert<'q>
    where
        'a: 'q,
    {
        query
            .bind(self.values(|it| source_text(it.usage.source)))
            .bind(self.values(|it| held(it.usage.prompt_tokens)))
            .bind(self.values(|it| held(it.usage.completion_tokens)))
            .bind(self.values(|it| held(it.usage.cached_tokens)))
            .bind(self.values(|it| held(it.usage.reasoning_tokens)))
            .bind(self.values(|it| json_unless_default(&UsageDetail::of(&it.usage))))
            .bind(self.values(|it| it.cost.nanos()))
            .bind(self.values(|it| it.upstream_cost.nanos()))
            .bind(self.values(|it| it.cache_discount.map(Usd::nanos)))
            .bind(self.optional(|it| it.service_tier.as_deref()))
    }

    /// Who called, and which way it went.
    fn surroundings<'q>(&self, query: Insert<'q>) -> Insert<'q>
    where
        'a: 'q,
    {
        query
            .bind(self.optional(|it| it.attribution.http_referer.as_deref()))
            .bind(self.optional(|it| it.attribution.app_title.as_deref()))
            .bind(self.optional(|it| it.attribution.external_user.as_deref()))
            .bind(self.optional(|it| it.attribution.session_id.as_deref()))
            .bind(self.values(|it| json_unless_default(&AttributionDetail::of(&it.attribution))))
            .bind(self.values(|it| json_unless_default(&attempt_rows(&it.attempts))))
            .bind(self.values(|it| routing_text(it).map(|text| kept(&text).into_owned())))
            .bind(self.optional(|it| arm(it).map(|arm| &*arm.experiment)))
            .bind(self.optional(|it| arm(it).map(|arm| &*arm.arm)))
            .bind(self.values(|it| it.error.as_ref().map(|error| i64::from(error.status))))
            .bind(self.optional(|it| it.error.as_ref().map(|error| error.error_type.as_str())))
            .bind(self.optional(|it| it.error.as_ref().map(|error| error.message.as_str())))
    }
}

fn arm(record: &GenerationRecord) -> Option<&ArmRecord> {
    record.routing.as_ref()?.steered.as_ref()?.arm.as_ref()
}
