//! The laboratory of routing: a discrete-event simulation that runs the gateway's own routing over
//! fleets, faults and callers, and compares it with simpler ways to choose.
//!
//! What is real: [`tollgate_routing::plan()`], [`tollgate_health::Health`], the retry policy and its
//! budget, the catalogue and its bills. What is simulated: providers, callers, the network and time.
//! `docs/lab.md` has the model's assumptions and what was learnt.
//!
//! # What is deliberately absent
//!
//! Clocks, sleeping, sockets, threads. Time is a number that events move on, and every random number
//! comes from the seed: the same seed gives the same table.

mod active;
mod choice;
mod condition;
mod experiment;
mod fleet;
mod ledger;
mod number;
mod policy;
mod queue;
mod random;
mod report;
mod run;
mod scenario;
mod sessions;
mod summary;
mod traffic;
mod world;

use std::time::Duration;

use tollgate_types::Timestamp;

pub use condition::{Condition, Span};
pub use experiment::{Experiment, Failed, run};
pub use fleet::{Fleet, FleetError, Full, Host, ServedModel};
pub use policy::{KEYS, Kind, Policy, SettingError, Settings};
pub use report::Report;
pub use scenario::{Scenario, scenarios};
pub use summary::{Judgement, Summary};
pub use traffic::{Day, Traffic};

/// When every simulation begins: some day at midnight, so that a ring of days begins anew.
const BEGIN: Timestamp = Timestamp::from_unix_millis(1_790_035_200_000);

/// The instant so long after the beginning.
fn stamp(at: Duration) -> Timestamp {
    BEGIN.plus_millis(i64::try_from(at.as_millis()).unwrap_or(i64::MAX))
}
