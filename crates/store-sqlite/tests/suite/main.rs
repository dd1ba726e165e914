//! The SQLite stores against the conformance suite, and against what only a file can suffer.
#![cfg(test)]

mod batches;
mod cancellation;
mod conformance;
mod counters;
mod damage;
mod durability;
mod fixture;
mod opening;
mod sharing;
mod speed;
