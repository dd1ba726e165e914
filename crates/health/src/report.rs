//! All that is known of an endpoint, for people and metrics.

use crate::headroom::Headroom;
use crate::outcome::FailureKind;
use crate::percentiles::Percentiles;
use crate::quality::ToolCounts;
use crate::standing::Standing;
use crate::tally::Counts;

/// All that is known of an endpoint at one moment. Its uptimes are those of the counts:
/// [`Counts::uptime`], from 0 to 100, `None` with too few outcomes (contract §7.2). The default is
/// that of an endpoint of which nothing is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// What a plan sees; its percentiles are as of this moment.
    pub standing: Standing,
    /// `status` of contract §7.2: see [`Standing::status`].
    pub status: i8,
    /// `uptime_last_5m`.
    pub uptime_5m: Option<f64>,
    /// `uptime_last_30m`.
    pub uptime_30m: Option<f64>,
    /// `uptime_last_1d`.
    pub uptime_1d: Option<f64>,
    /// `latency_last_30m`: milliseconds to the first token.
    pub latency_30m: Option<Percentiles>,
    /// `throughput_last_30m`: output tokens per second.
    pub throughput_30m: Option<Percentiles>,
    /// How attempts ended, over 5 minutes.
    pub last_5m: Counts,
    /// How attempts ended, over 30 minutes.
    pub last_30m: Counts,
    /// How attempts ended, over a day.
    pub last_1d: Counts,
    /// Failures by kind over 30 minutes, those that occurred, in the order of [`FailureKind::ALL`].
    pub failures: Vec<(FailureKind, u64)>,
    /// Answers that called tools, over 2 hours (contract §5.4).
    pub tool_calls_2h: ToolCounts,
    /// What the provider says is left of its rate limits, as far as it still holds.
    pub headroom: Headroom,
}
