//! The Postgres stores against the conformance suite, and against what only many nodes on one
//! server can suffer.
#![cfg(test)]

mod batches;
mod cancellation;
mod conformance;
mod counters;
mod damage;
mod fixture;
mod opening;
mod outages;
mod partitions;
mod sharing;
mod speed;
