//! One record per call: what was asked, who answered, what it cost.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tollgate_ledger::{AccountId, NodeId};
use tollgate_types::{GenerationId, KeyHash, ModelSlug, ProviderSlug, Timestamp, Usage, Usd};

use crate::form;
use crate::routing::RoutingRecord;
use crate::usage::DayUsage;
use crate::{
    ArmResult, DEFAULT_WORKSPACE_ID, FacetQuery, Facets, FaultQuery, Faults, Histogram,
    HistogramQuery, LogPage, LogQuery, StoreError, UtcDay,
};

/// Everything that is kept of a call, and what `GET /generation` answers from (contract §1.3).
///
/// Counts and durations above `i64::MAX` are held there: databases have no larger integer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts the contract names")]
pub struct GenerationRecord {
    /// The call's public id; appending is idempotent under it.
    #[serde(with = "form")]
    pub id: GenerationId,
    /// The id of the HTTP request, when it differs.
    pub request_id: Option<String>,
    /// The key that called.
    #[serde(with = "form")]
    pub key_hash: KeyHash,
    /// The workspace of that key.
    pub workspace_id: String,
    /// The account that the call is paid from, or metered for.
    #[serde(with = "form")]
    pub account: AccountId,
    /// The node that had set credit aside for it; the call needed none when absent.
    #[serde(with = "form", default)]
    pub paid_by: Option<NodeId>,
    /// When the call was admitted. Its spend belongs to this UTC day.
    #[serde(with = "form")]
    pub created_at: Timestamp,
    /// The model that answered, without aliases.
    pub model: ModelSlug,
    /// What the caller asked for, as given.
    pub requested_model: String,
    /// The router model that chose `model`.
    pub router: Option<String>,
    /// The preset that was applied.
    pub preset_id: Option<String>,
    /// Display name of the provider that answered.
    pub provider: Option<String>,
    /// The same provider's name in configuration.
    pub provider_slug: Option<ProviderSlug>,
    /// The endpoint that answered.
    pub endpoint_id: Option<String>,
    /// The provider's id of the answer.
    pub upstream_id: Option<String>,
    /// `completions`, `embeddings`, `rerank`, `tts`, `stt`, `image` or `moderation` (contract §1.3).
    pub api_type: Cow<'static, str>,
    /// Answered as a stream.
    pub streamed: bool,
    /// Ended by the caller.
    pub cancelled: bool,
    /// Paid at the caller's own provider account.
    pub is_byok: bool,
    /// Had no price; `cost` is zero because it is unknown, not because it is free.
    pub unpriced: bool,
    /// Where the price came from.
    pub price_source: Option<String>,
    /// Why the model stopped, in the contract's words.
    pub finish_reason: Option<Cow<'static, str>>,
    /// Why the model stopped, in the provider's words.
    pub native_finish_reason: Option<String>,
    /// Milliseconds to the first token.
    pub latency_ms: Option<u64>,
    /// Milliseconds to the end of the answer.
    pub generation_time_ms: Option<u64>,
    /// What was counted.
    #[serde(with = "form::UsageForm")]
    pub usage: Usage,
    /// Charged by this gateway.
    #[serde(with = "form")]
    pub cost: Usd,
    /// Charged by the provider.
    #[serde(with = "form")]
    pub upstream_cost: Usd,
    /// Saved (or, when negative, added) by the provider's prompt cache.
    #[serde(with = "form", default)]
    pub cache_discount: Option<Usd>,
    /// The service tier that answered.
    pub service_tier: Option<String>,
    /// Who called, as far as they say.
    pub attribution: Attribution,
    /// Every endpoint tried, in order.
    pub attempts: Vec<AttemptRecord>,
    /// Why it went where it went.
    pub routing: Option<Box<RoutingRecord>>,
    /// What the caller was told went wrong.
    pub error: Option<ErrorRecord>,
}

/// What a caller says about itself; nothing here is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// The app's URL, from `HTTP-Referer`.
    pub http_referer: Option<String>,
    /// The app's name, from `X-OpenRouter-Title` or `X-Title`.
    pub app_title: Option<String>,
    /// The app's categories.
    pub app_categories: Vec<String>,
    /// The browser's `Origin`.
    pub origin: Option<String>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The caller's own user, from the body's `user`.
    pub external_user: Option<String>,
    /// The conversation this call belongs to.
    pub session_id: Option<String>,
    /// Further headers that the operator attributes spend by, such as `x-department`.
    pub tags: BTreeMap<String, String>,
}

/// One try at one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The endpoint's id.
    pub endpoint: String,
    /// The provider's display name.
    pub provider: String,
    /// The model's slug.
    pub model: String,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// What went wrong and whose fault it was; absent on success.
    pub fault: Option<String>,
    /// Milliseconds until the outcome was known.
    pub latency_ms: u64,
    /// When it began.
    #[serde(with = "form")]
    pub started_at: Timestamp,
    /// Parts of the request that this endpoint's protocol has no word for and that were left out.
    pub dropped: Vec<String>,
    /// Whether it was asked for the rest of an answer that another endpoint had begun.
    pub continued: bool,
}

/// An error as the caller saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// The HTTP status.
    pub status: u16,
    /// The error's public class.
    pub error_type: String,
    /// The error's public text.
    pub message: String,
}

/// A place in the list of generations, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationCursor {
    /// When the last record seen was admitted.
    pub created_at: Timestamp,
    /// Its id, which orders records of the same millisecond.
    pub id: GenerationId,
}

impl GenerationRecord {
    /// The generation whose answer was told again, where it was (contract §6.4).
    pub fn cache_source(&self) -> Option<&str> {
        self.routing.as_deref()?.cache_source.as_deref()
    }

    /// Whether more than one endpoint was tried for it.
    pub const fn is_fallback(&self) -> bool {
        self.attempts.len() > 1
    }

    /// A record of nothing but its identity: every other field is empty, zero or false.
    pub fn new(
        id: GenerationId,
        key_hash: KeyHash,
        model: ModelSlug,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            request_id: None,
            key_hash,
            workspace_id: DEFAULT_WORKSPACE_ID.to_owned(),
            account: AccountId::default(),
            paid_by: None,
            created_at,
            requested_model: model.as_str().to_owned(),
            model,
            router: None,
            preset_id: None,
            provider: None,
            provider_slug: None,
            endpoint_id: None,
            upstream_id: None,
            api_type: Cow::Borrowed("completions"),
            streamed: false,
            cancelled: false,
            is_byok: false,
            unpriced: false,
            price_source: None,
            finish_reason: None,
            native_finish_reason: None,
            latency_ms: None,
            generation_time_ms: None,
            usage: Usage::default(),
            cost: Usd::ZERO,
            upstream_cost: Usd::ZERO,
            cache_discount: None,
            service_tier: None,
            attribution: Attribution::default(),
            attempts: Vec::new(),
            routing: None,
            error: None,
        }
    }

    /// Where to go on after this record.
    pub fn cursor(&self) -> GenerationCursor {
        GenerationCursor { created_at: self.created_at, id: self.id.clone() }
    }

    /// The UTC day whose counters this record moves.
    pub const fn utc_day(&self) -> UtcDay {
        UtcDay::of(self.created_at)
    }

    /// What this record adds to the counters. Every backend counts by this and nothing else.
    pub const fn spend(&self) -> DayUsage {
        let byok = if self.is_byok { self.upstream_cost } else { Usd::ZERO };
        DayUsage { spent: self.cost, byok, requests: 1 }
    }
}

/// Keeps generations, append-only, counts their spend and pays their cost.
#[async_trait]
pub trait GenerationStore: Send + Sync {
    /// Keeps records, counts their spend and moves what they cost ([`Till::pay`]), all in one step,
    /// and says how many were new. A record whose id is known changes nothing, even when it differs
    /// otherwise.
    ///
    /// [`Till::pay`]: tollgate_ledger::Till::pay
    ///
    /// Cancel safe: a caller that stops waiting leaves all records kept or none, and may append
    /// them again.
    async fn append(&self, batch: Vec<GenerationRecord>) -> Result<u64, StoreError> {
        self.append_shared(Arc::new(batch)).await
    }

    /// The same of records that their caller keeps, too, to append them again or to tell of them.
    async fn append_shared(&self, batch: Arc<Vec<GenerationRecord>>) -> Result<u64, StoreError>;

    /// The record with this id.
    async fn get(&self, id: &GenerationId) -> Result<Option<GenerationRecord>, StoreError>;

    /// The newest records admitted before a cursor, newest first, equally old ones by id, last
    /// first.
    async fn recent(
        &self,
        limit: u32,
        before: Option<&GenerationCursor>,
    ) -> Result<Vec<GenerationRecord>, StoreError>;

    /// A page of the records that are asked for, newest first, equally old ones by id, last first.
    /// It is as long as is asked for unless there are no more, or the window ends.
    async fn list(&self, query: &LogQuery) -> Result<LogPage, StoreError>;

    /// How many of the records that are asked for there are over time, by how they ended.
    async fn histogram(&self, query: &HistogramQuery) -> Result<Histogram, StoreError>;

    /// The most frequent values of the records that are asked for.
    async fn facets(&self, query: &FacetQuery) -> Result<Facets, StoreError>;

    /// The errors of the records that are asked for, in groups.
    async fn faults(&self, query: &FaultQuery) -> Result<Faults, StoreError>;

    /// What came of the arms of experiments in calls admitted since an instant, by experiment and
    /// arm.
    async fn arms(&self, since: Timestamp) -> Result<Vec<ArmResult>, StoreError>;

    /// How many records there have been, removed ones included.
    async fn count(&self) -> Result<u64, StoreError>;

    /// Removes records admitted before an instant, the oldest first, with the feedback about them
    /// and what was said in them, and says how many: about `at_most` at a time, nothing when none is left. What they cost
    /// stays in every sum, on the ledger and in its audit, and their ids stay known.
    async fn remove_before(&self, before: Timestamp, at_most: u32) -> Result<u64, StoreError>;
}
