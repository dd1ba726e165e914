//! Plans: which endpoints, in which order, and why not the others.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests should panic where something is not as expected"
)]

mod allocations;
mod filters;
mod order;
mod properties;
mod support;
