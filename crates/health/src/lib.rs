//! What live traffic says of one endpoint: outages, uptime, speed, rate limits. No I/O, no clock.
//!
//! One [`Health`] stands for one endpoint and is shared by everybody who calls it. An attempt is
//! begun with [`Health::begin`] and ends with one [`Health::observe`]; what was measured on the way
//! goes to [`Health::first_token`], [`Health::generated`], [`Health::tool_calls`] and
//! [`Health::headroom`]. The plan of a call reads a [`Standing`], a handful of atomic loads; people
//! and metrics read a [`Report`]. Whoever keeps how endpoints did takes what is to be kept with
//! [`Health::take_unwritten`], and tells a later life of it with [`Health::recall`].
//!
//! # Invariants
//!
//! - **Nobody waits.** All state is atomic. The one exception is the first measurement of a speed,
//!   whose storage is made then: who comes second at that moment waits for the allocation.
//! - **Every state ends.** Every instant that is kept has a longest distance from `now`. One that is
//!   farther ahead was set before the clock went back, and is passed over: no jump of the clock
//!   keeps an endpoint out of service.
//! - **Relaxed is enough.** Each number stands for itself, none announces another. A reader may see
//!   parts of two moments; every such mixture is a standing that could have been.
//!
//! # What is deliberately absent
//!
//! Timers and tasks: buckets are reset by whoever writes to them next. Names: which endpoint it is,
//! its owner knows. What to do with a standing: that is routing's.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod breaker;
mod cooling;
mod deadline;
mod headroom;
mod health;
mod history;
mod outcome;
mod percentiles;
mod quality;
mod report;
mod standing;
mod tally;
mod window;

pub use breaker::{BreakerPolicy, Circuit};
pub use cooling::{COOL_DOWN_MAX, GUESS_MAX, GUESS_MIN};
pub use headroom::{Headroom, RESET_ASSUMED, RESET_MAX};
pub use health::{Health, InFlight};
pub use history::{Incident, OutcomeCounts, QuarterHour, incidents};
pub use outcome::{FailureKind, Outcome, OutcomeKind};
pub use percentiles::Percentiles;
pub use quality::{QUALITY_REQUESTS_MIN, QUALITY_TOOL_REQUESTS_MIN, Quality, ToolCounts};
pub use report::Report;
pub use standing::{Standing, UptimeTier};
pub use tally::{
    Counts, LAST_RESORT_BELOW_PERCENT, OUTAGE_WINDOW, TIER_OUTCOMES_MIN, UPTIME_OUTCOMES_MIN,
};
