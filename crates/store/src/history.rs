//! How endpoints did: outcomes of attempts by quarter of an hour.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tollgate_health::{OutcomeCounts, OutcomeKind, QuarterHour};
use tollgate_types::Timestamp;

use crate::StoreError;

/// For as many days outcomes are kept, at least.
pub const HISTORY_DAYS: u32 = 31;

/// How many attempts at an endpoint ended so in a quarter of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCount {
    /// When; of what is added up by longer steps, the first of the step.
    pub quarter: QuarterHour,
    /// The endpoint's name.
    pub endpoint_id: String,
    /// How they ended.
    pub outcome: OutcomeKind,
    /// How many.
    pub count: u64,
}

/// What somebody has counted and tells for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryBatch {
    /// Who: one life of one gateway.
    pub writer: String,
    /// Greater than that of every batch that the writer has told before.
    pub number: u64,
    /// When it was told.
    pub told_at: Timestamp,
    /// What is added. Of each quarter, endpoint and outcome one.
    pub counts: Vec<EndpointCount>,
}

/// Which counts are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The first quarter.
    pub from: QuarterHour,
    /// The one behind the last.
    pub until: QuarterHour,
    /// Of these endpoints; of all when absent.
    pub endpoints: Option<Vec<String>>,
    /// In which form.
    pub rows: HistoryRows,
}

/// In which form counts are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HistoryRows {
    /// As they are.
    #[default]
    Quarters,
    /// Added up over so many quarters, at least one, in steps of which the first began in 1970.
    Steps(u32),
    /// As they are, of those quarters of an endpoint that
    /// [show an incident](tollgate_health::Counts::show_incident).
    Incidents,
}

impl HistoryQuery {
    /// All between two quarters, as they are.
    pub const fn between(from: QuarterHour, until: QuarterHour) -> Self {
        Self { from, until, endpoints: None, rows: HistoryRows::Quarters }
    }
}

impl HistoryRows {
    /// Over how many quarters they are added up.
    pub fn step(self) -> i64 {
        match self {
            Self::Steps(quarters) => i64::from(quarters.max(1)),
            Self::Quarters | Self::Incidents => 1,
        }
    }
}

/// Keeps how endpoints did, of all gateways together.
#[async_trait]
pub trait HistoryStore: Send + Sync {
    /// Adds what a writer has counted, held at the end of the range; `false`, and no change, when a
    /// batch of the same number or a later one was added before.
    ///
    /// Cancel safe: whoever stops waiting may tell the same batch again.
    async fn add_history(&self, batch: HistoryBatch) -> Result<bool, StoreError>;

    /// What is asked for, by quarter, endpoint and outcome.
    async fn history(&self, query: &HistoryQuery) -> Result<Vec<EndpointCount>, StoreError>;

    /// Removes the oldest quarter that is over at an instant, and says whether there was one. Where
    /// there was none, writers are forgotten who told nothing since then.
    async fn remove_quarter_before(&self, before: Timestamp) -> Result<bool, StoreError>;
}

/// Counts by endpoint, and of each by quarter.
pub fn by_endpoint(
    counts: impl IntoIterator<Item = EndpointCount>,
) -> BTreeMap<String, BTreeMap<QuarterHour, OutcomeCounts>> {
    let mut endpoints: BTreeMap<String, BTreeMap<QuarterHour, OutcomeCounts>> = BTreeMap::new();
    for EndpointCount { quarter, endpoint_id, outcome, count } in counts {
        let quarters = endpoints.entry(endpoint_id).or_default();
        quarters.entry(quarter).or_default().add(outcome, count);
    }
    endpoints
}
