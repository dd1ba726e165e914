//! What is asked of the log of calls, and what it answers: pages, counts over time, values with
//! counts, groups of errors.
//!
//! Every question bounds its own work, and its answer says what that has left out.

use tollgate_types::{GenerationId, KeyHash, ModelSlug, ProviderSlug, Timestamp, Usd};

use crate::record_filter::{CallStatus, RecordFilter};
use crate::{AttemptRecord, ErrorRecord, GenerationCursor, GenerationRecord};

/// A record as lists show it: without its plan and other large parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationSummary {
    /// The call's public id.
    pub id: GenerationId,
    /// When it was admitted.
    pub created_at: Timestamp,
    /// The key that called; of a rotated key its successor.
    pub key_hash: KeyHash,
    /// Its workspace.
    pub workspace_id: String,
    /// The model that answered.
    pub model: ModelSlug,
    /// What the caller asked for.
    pub requested_model: String,
    /// The router model that chose `model`.
    pub router: Option<String>,
    /// The preset that was applied.
    pub preset_id: Option<String>,
    /// Display name of the provider that answered.
    pub provider: Option<String>,
    /// The same provider's name in configuration.
    pub provider_slug: Option<ProviderSlug>,
    /// What kind of call it was.
    pub api_type: String,
    /// Answered as a stream.
    pub streamed: bool,
    /// Ended by the caller.
    pub cancelled: bool,
    /// Paid at the caller's own provider account.
    pub is_byok: bool,
    /// Why the model stopped, in the contract's words.
    pub finish_reason: Option<String>,
    /// Milliseconds to the first token.
    pub latency_ms: Option<u64>,
    /// Milliseconds to the end of the answer.
    pub generation_time_ms: Option<u64>,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written, reasoning included.
    pub completion_tokens: u64,
    /// Tokens read from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens of reasoning.
    pub reasoning_tokens: u64,
    /// Charged by this gateway.
    pub cost: Usd,
    /// The app's name.
    pub app_title: Option<String>,
    /// The caller's own user.
    pub external_user: Option<String>,
    /// The conversation.
    pub session_id: Option<String>,
    /// Every endpoint tried, in order.
    pub attempts: Vec<AttemptRecord>,
    /// What the caller was told went wrong.
    pub error: Option<ErrorRecord>,
    /// The generation whose answer was told again, where it was.
    pub cache_source: Option<String>,
}

/// A page that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Which records.
    pub filter: RecordFilter,
    /// At most so many.
    pub limit: u32,
    /// Those behind this place only.
    pub before: Option<GenerationCursor>,
    /// At most about so many records are looked at for it. Where an index leaves others out (one key,
    /// errors only) they are not looked at.
    pub window: u32,
}

/// A page of the log, newest first, equally old records by id, last first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The records.
    pub rows: Vec<GenerationSummary>,
    /// Where to go on: there may be more behind it, also where the page is short or empty. None at
    /// the end.
    pub next: Option<GenerationCursor>,
}

/// How much work a question of counts may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogBounds {
    /// Of a range with more records than this only the newest are counted.
    pub walked: u32,
    /// Of more records than this one in so many is looked at, and counts for those beside it.
    pub looked_at: u32,
}

/// What an answer was counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// One in so many records was looked at: 1 where all were, and counts are exact.
    pub one_in: u32,
    /// Records of the range before this instant were left out; none where it is absent.
    pub since: Option<Timestamp>,
}

impl Default for Coverage {
    fn default() -> Self {
        Self { one_in: 1, since: None }
    }
}

/// Counts over time that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramQuery {
    /// Which records.
    pub filter: RecordFilter,
    /// The width of a bucket in milliseconds, at least 1. Buckets begin at its multiples since the
    /// epoch.
    pub bucket_ms: i64,
    /// How much work it may be.
    pub bounds: LogBounds,
}

/// Calls of a part of the range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatusCounts {
    /// Those that were answered.
    pub ok: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that their callers ended.
    pub cancelled: u64,
}

/// Counts over time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Buckets with calls, the oldest first, each with the instant in which it begins.
    pub buckets: Vec<(Timestamp, StatusCounts)>,
    /// What they were counted from.
    pub coverage: Coverage,
}

/// What values are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FacetField {
    /// The model that answered.
    Model,
    /// The provider that answered.
    Provider,
    /// The key, of a rotated one its successor, in hexadecimal.
    Key,
    /// The caller's own user.
    User,
    /// The app's name.
    App,
    /// How calls ended: `ok`, `error`, `cancelled`, and of errors each HTTP status as well.
    Status,
}

/// Values that are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetQuery {
    /// Of which records.
    pub filter: RecordFilter,
    /// Which values.
    pub field: FacetField,
    /// At most so many, the most frequent.
    pub limit: u32,
    /// How much work it may be.
    pub bounds: LogBounds,
}

/// A value, and how many calls have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// The value. Calls without one are not counted.
    pub value: String,
    /// The provider's display name; none of other fields.
    pub label: Option<String>,
    /// How many.
    pub count: u64,
}

/// Values with counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// The most frequent first, equally frequent ones in their order.
    pub values: Vec<FacetValue>,
    /// What they were counted from.
    pub coverage: Coverage,
}

impl GenerationSummary {
    /// Of a record. `key_hash` is that of its key now.
    pub fn of(record: &GenerationRecord, key_hash: KeyHash) -> Self {
        Self {
            id: record.id.clone(),
            created_at: record.created_at,
            key_hash,
            workspace_id: record.workspace_id.clone(),
            model: record.model.clone(),
            requested_model: record.requested_model.clone(),
            router: record.router.clone(),
            preset_id: record.preset_id.clone(),
            provider: record.provider.clone(),
            provider_slug: record.provider_slug.clone(),
            api_type: record.api_type.to_string(),
            streamed: record.streamed,
            cancelled: record.cancelled,
            is_byok: record.is_byok,
            finish_reason: record.finish_reason.as_deref().map(str::to_owned),
            latency_ms: record.latency_ms,
            generation_time_ms: record.generation_time_ms,
            prompt_tokens: record.usage.prompt_tokens,
            completion_tokens: record.usage.completion_tokens,
            cached_tokens: record.usage.cached_tokens,
            reasoning_tokens: record.usage.reasoning_tokens,
            cost: record.cost,
            app_title: record.attribution.app_title.clone(),
            external_user: record.attribution.external_user.clone(),
            session_id: record.attribution.session_id.clone(),
            attempts: record.attempts.clone(),
            error: record.error.clone(),
            cache_source: record.cache_source().map(str::to_owned),
        }
    }

    /// How the call ended.
    pub const fn status(&self) -> CallStatus {
        CallStatus::of(self.error.is_some(), self.cancelled)
    }

    /// Where to go on after it.
    pub fn cursor(&self) -> GenerationCursor {
        GenerationCursor { created_at: self.created_at, id: self.id.clone() }
    }
}

impl LogPage {
    /// The page that `rows` make, of which at most `limit` are wanted and one more may be there.
    /// `boundary` is the last record that was looked at, if there were as many as may be.
    pub fn of(
        mut rows: Vec<GenerationSummary>,
        limit: u32,
        boundary: Option<GenerationCursor>,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| is_more).map(GenerationSummary::cursor);
        Self { rows, next: last.or(boundary) }
    }
}

impl LogBounds {
    /// Of so many records one in how many is looked at.
    pub fn one_in(&self, records: u32) -> u32 {
        records.min(self.walked).div_ceil(self.looked_at.max(1)).max(1)
    }
}

impl StatusCounts {
    /// Adds calls that ended in this way.
    pub const fn add(&mut self, status: CallStatus, calls: u64) {
        let place = match status {
            CallStatus::Ok => &mut self.ok,
            CallStatus::Failed => &mut self.failed,
            CallStatus::Cancelled => &mut self.cancelled,
        };
        *place = place.saturating_add(calls);
    }
}

impl Facets {
    /// The most frequent of some values. `limit` and the order are the query's.
    pub fn of(mut values: Vec<FacetValue>, limit: u32, coverage: Coverage) -> Self {
        values.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        values.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Self { values, coverage }
    }

    /// The values of [`FacetField::Status`], of calls by how they ended and the error's status.
    pub fn of_statuses(
        counted: impl IntoIterator<Item = (CallStatus, Option<u16>, u64)>,
        limit: u32,
        coverage: Coverage,
    ) -> Self {
        let mut counts = std::collections::BTreeMap::<String, u64>::new();
        for (status, code, calls) in counted {
            let words = [Some(status.as_str().to_owned()), code.map(|code| code.to_string())];
            for word in words.into_iter().flatten() {
                let count = counts.entry(word).or_default();
                *count = count.saturating_add(calls);
            }
        }
        let values = counts.into_iter();
        let values = values.map(|(value, count)| FacetValue { value, label: None, count });
        Self::of(values.collect(), limit, coverage)
    }
}
