//! What was used, added up by day, and for a while by hour and minute: for activity, analytics and
//! statements.

use std::collections::BTreeMap;

use tollgate_types::{KeyHash, Timestamp, Usd, UtcDay};

use crate::{CallTimes, GenerationRecord, Span, TimeSums, Timed, Together};

/// Which days, or parts of days, and whose, to add up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActivityQuery {
    /// The first day; from the beginning when absent.
    pub from: Option<UtcDay>,
    /// The day after the last; to the end when absent.
    pub until: Option<UtcDay>,
    /// Only calls of these keys, and of those that they took the place of.
    pub keys: Option<Vec<KeyHash>>,
    /// Only calls of this workspace.
    pub workspace_id: Option<String>,
    /// Only calls that have a tag of this name. Rows are then one for each of its values.
    pub tag: Option<String>,
    /// Whether rows are one for each key, too: of a rotated key its successor.
    pub by_key: bool,
    /// Whether models, endpoints and providers are left together: rows have none then.
    pub models_together: bool,
    /// Hours or minutes in place of days.
    pub part: Option<PartQuery>,
}

/// Which hours or minutes to add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartQuery {
    /// Which of the two. Days are not known in parts, and are none.
    pub span: Span,
    /// The instant in which the first of them begins.
    pub from: Timestamp,
    /// The instant in which the last has ended.
    pub until: Timestamp,
    /// Whether it is told how long calls took. That is not known by tag.
    pub times: bool,
}

/// The calls of one day, workspace, model and endpoint together; of one value of a tag, and of one
/// key, where that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow {
    /// The UTC day on which they were admitted.
    pub day: UtcDay,
    /// When the day begins, or the hour or minute that was asked for.
    pub starts_at: Timestamp,
    /// Whose they were.
    pub workspace_id: String,
    /// The model that answered; empty where all are together.
    pub model: String,
    /// The endpoint that answered; empty where none did.
    pub endpoint_id: String,
    /// Display name of its provider; empty where none answered.
    pub provider: String,
    /// The value of the tag that was asked for; empty where none was.
    pub tag_value: String,
    /// The key that was called with; none unless that was asked for.
    pub key: Option<KeyHash>,
    /// The sums.
    pub sums: ActivitySums,
    /// How long they took, where that was asked for.
    pub times: CallTimes,
}

/// Sums over calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ActivitySums {
    /// Calls.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Charged or metered by this gateway.
    pub spent: Usd,
    /// Charged by providers to callers' own accounts there.
    pub byok: Usd,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written, reasoning included.
    pub completion_tokens: u64,
    /// Tokens of reasoning.
    pub reasoning_tokens: u64,
    /// Tokens read from providers' caches.
    pub cached_tokens: u64,
}

impl ActivitySums {
    /// What one call adds. Every backend adds up by this and nothing else.
    pub fn of(record: &GenerationRecord) -> Self {
        let (spend, usage) = (record.spend(), &record.usage);
        Self {
            requests: spend.requests,
            failed: u64::from(record.error.is_some()),
            spent: spend.spent,
            byok: spend.byok,
            prompt_tokens: usage.prompt_tokens,
            completion_tokens: usage.completion_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cached_tokens: usage.cached_tokens,
        }
    }

    /// Adds `other`, held at the ends of the range.
    pub fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.failed = self.failed.saturating_add(other.failed);
        self.spent = self.spent.saturating_add(other.spent);
        self.byok = self.byok.saturating_add(other.byok);
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
    }
}

impl ActivityQuery {
    /// How much time a row of the answer is for.
    pub const fn span(&self) -> Span {
        match self.part {
            Some(part) => part.span,
            None => Span::Day,
        }
    }

    /// The first day, hour or minute that is asked for, and the one behind the last, since the epoch.
    pub fn indices(&self) -> (Option<i64>, Option<i64>) {
        match self.part {
            None => (self.from.map(UtcDay::days), self.until.map(UtcDay::days)),
            // The last one begins before the end.
            Some(part) => {
                let last = part.span.index(part.until.plus_millis(-1));
                (Some(part.span.index(part.from)), Some(last.saturating_add(1)))
            }
        }
    }

    /// Which rows answer it: the fewest that tell apart what it asks for.
    pub const fn together(&self) -> Together {
        let tells_keys_apart = self.by_key || self.keys.is_some();
        match (tells_keys_apart, self.models_together, self.part) {
            (false, ..) => Together::Keys,
            (true, true, None) => Together::Models,
            (true, ..) => Together::Nothing,
        }
    }

    /// Whether it is asked how long calls took; of what a tag tells apart nobody knows.
    pub fn wants_times(&self) -> bool {
        self.tag.is_none() && self.part.is_some_and(|part| part.times)
    }
}

/// Whose times they are: as rows are told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimesOf {
    /// Which day, hour or minute since the epoch.
    pub index: i64,
    /// See [`ActivityRow`], as all below.
    pub workspace_id: String,
    /// The model.
    pub model: String,
    /// The endpoint.
    pub endpoint_id: String,
    /// The provider.
    pub provider: String,
    /// The key, where rows are told apart by it.
    pub key: Option<KeyHash>,
}

/// Adds up times and puts them to the rows that they belong to: how SQL backends put both together.
pub fn put_times(
    rows: &mut [ActivityRow],
    span: Span,
    times: impl IntoIterator<Item = (TimesOf, Timed, u8, TimeSums)>,
) {
    let mut all: BTreeMap<TimesOf, CallTimes> = BTreeMap::new();
    for (of, timed, bucket, sums) in times {
        all.entry(of).or_default().add(timed, bucket, &sums);
    }
    for row in rows {
        let of = TimesOf {
            index: span.index(row.starts_at),
            workspace_id: row.workspace_id.clone(),
            model: row.model.clone(),
            endpoint_id: row.endpoint_id.clone(),
            provider: row.provider.clone(),
            key: row.key,
        };
        row.times = all.remove(&of).unwrap_or_default();
    }
}
