//! Policies as operators write them, asked about calls.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests should panic where something is not as expected"
)]

mod actions;
mod allocations;
mod answers;
mod detection;
mod documentation;
mod laws;
mod predicates;
mod problems;
mod world;
