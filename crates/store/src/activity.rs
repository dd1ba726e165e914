//! What was used, added up by day, and for a while by hour and minute: for activity, analytics and
//! statements.

use std::collections::BTreeMap;

use tollgate_types::{KeyHash, Timestamp, Usd, UtcDay};

use crate::{CallTimes, GenerationRecord, Span, StoreError, TimesAsked, Together};

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
    /// Which of who served them rows are told apart by.
    pub served: ToldApart,
    /// Hours or minutes in place of days.
    pub part: Option<PartQuery>,
    /// How much time a row is for.
    pub rows: RowTime,
    /// As many rows as may be added up for it; any number when absent. What takes more is
    /// [`StoreError::TooMuch`].
    pub rows_max: Option<usize>,
}

/// What of who served calls rows are told apart by. Of the rest they have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldApart {
    /// The model.
    pub model: bool,
    /// The endpoint.
    pub endpoint: bool,
    /// The provider.
    pub provider: bool,
}

impl Default for ToldApart {
    fn default() -> Self {
        Self { model: true, endpoint: true, provider: true }
    }
}

impl ToldApart {
    /// All calls are together.
    pub const NOTHING: Self = Self { model: false, endpoint: false, provider: false };

    /// The columns of sums, and whether rows are told apart by them.
    pub const fn columns(self) -> [(&'static str, bool); 3] {
        [("model", self.model), ("endpoint_id", self.endpoint), ("provider", self.provider)]
    }
}

/// How much time a row is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RowTime {
    /// A day, or the hour or minute that is asked for.
    #[default]
    Each,
    /// A day, whatever is added up for it.
    Day,
    /// All the time that is asked for. It begins in 1970.
    All,
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
    /// What of how long calls took is told. That is not known by tag.
    pub times: TimesAsked,
}

/// The calls of one day, workspace, model and endpoint together; of one value of a tag, and of one
/// key, where that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityRow {
    /// The UTC day on which they were admitted.
    pub day: UtcDay,
    /// When the day begins, or the hour or minute that was asked for; see [`RowTime`].
    pub starts_at: Timestamp,
    /// Whose they were.
    pub workspace_id: String,
    /// The model that answered; empty where all are together, as the next two.
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
    /// Those whose answer was told again (contract §6.4).
    pub cache_hits: u64,
    /// Those for which more than one endpoint was tried.
    pub fallbacks: u64,
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
            cache_hits: u64::from(record.cache_source().is_some()),
            fallbacks: u64::from(record.is_fallback()),
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
        self.cache_hits = self.cache_hits.saturating_add(other.cache_hits);
        self.fallbacks = self.fallbacks.saturating_add(other.fallbacks);
    }
}

impl ActivityQuery {
    /// The parts of days that are asked for.
    pub const fn span(&self) -> Span {
        match self.part {
            Some(part) => part.span,
            None => Span::Day,
        }
    }

    /// The parts of days that sums are read of: the longest that say the same.
    pub fn span_of_sums(&self) -> Span {
        let is_whole = |at| Span::Day.starts_at(Span::Day.index(at)) == at;
        match self.part {
            Some(PartQuery { span: Span::Hour, from, until, .. })
                if self.rows != RowTime::Each && is_whole(from) && is_whole(until) =>
            {
                Span::Day
            }
            _ => self.span(),
        }
    }

    /// The first of such parts that is asked for, and the one behind the last, since the epoch.
    pub fn indices(&self, span: Span) -> (Option<i64>, Option<i64>) {
        match self.part {
            None => (self.from.map(UtcDay::days), self.until.map(UtcDay::days)),
            // The last one begins before the end.
            Some(part) => {
                let last = span.index(part.until.plus_millis(-1));
                (Some(span.index(part.from)), Some(last.saturating_add(1)))
            }
        }
    }

    /// How many of such parts a row is for, where it is not for all of them.
    pub const fn parts_of_row(&self, span: Span) -> Option<i64> {
        match self.rows {
            RowTime::Each => Some(1),
            RowTime::Day => Some(Span::Day.millis() / span.millis()),
            RowTime::All => None,
        }
    }

    /// When a row begins, by its number since the epoch.
    pub const fn starts_at(&self, row: i64) -> Timestamp {
        match self.rows {
            RowTime::Each => self.span().starts_at(row),
            RowTime::Day | RowTime::All => Span::Day.starts_at(row),
        }
    }

    /// The number of the row that an instant belongs to.
    pub const fn row_of(&self, at: Timestamp) -> i64 {
        match self.rows {
            RowTime::Each => self.span().index(at),
            RowTime::Day => Span::Day.index(at),
            RowTime::All => 0,
        }
    }

    /// Which rows answer it: the fewest that tell apart what it asks for.
    pub fn together(&self) -> Together {
        let tells_keys_apart = self.by_key || self.keys.is_some();
        let leaves_models = self.served == ToldApart::NOTHING;
        match (tells_keys_apart, leaves_models, self.span_of_sums()) {
            (false, ..) => Together::Keys,
            (true, true, Span::Day) => Together::Models,
            (true, ..) => Together::Nothing,
        }
    }

    /// What is asked of how long calls took; of what a tag tells apart nobody knows.
    pub fn times(&self) -> TimesAsked {
        let asked = self.part.map(|part| part.times).unwrap_or_default();
        if self.tag.is_none() { asked } else { TimesAsked::default() }
    }

    /// Whether so many rows may be added up.
    ///
    /// # Errors
    ///
    /// [`StoreError::TooMuch`] where they may not.
    pub fn may_add_up(&self, rows: usize) -> Result<(), StoreError> {
        let is_too_much = self.rows_max.is_some_and(|most| rows > most);
        if is_too_much { Err(StoreError::TooMuch) } else { Ok(()) }
    }
}

/// Whose times they are: as rows are told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimesOf {
    /// The number of the row's time; see [`ActivityQuery::row_of`].
    pub row: i64,
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

/// Puts times to the rows that they belong to: how SQL backends put both together.
pub fn put_times(
    rows: &mut [ActivityRow],
    query: &ActivityQuery,
    mut times: BTreeMap<TimesOf, CallTimes>,
) {
    for row in rows {
        let of = TimesOf {
            row: query.row_of(row.starts_at),
            workspace_id: row.workspace_id.clone(),
            model: row.model.clone(),
            endpoint_id: row.endpoint_id.clone(),
            provider: row.provider.clone(),
            key: row.key,
        };
        row.times = times.remove(&of).unwrap_or_default();
    }
}
