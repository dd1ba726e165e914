//! Which endpoints serve a call, in which order, and why the others don't. No I/O, no clock.
//!
//! [`plan()`] takes a model's endpoints, what the call needs of them ([`CallShape`]) and what the
//! caller wants ([`Preferences`]), and returns a [`Plan`]: the endpoints to try, in order, and a
//! reason for each one left out. The same inputs always give the same plan.
//!
//! This is the first form: hard filters, the caller's order, then price. Health, load balancing
//! and the rest of contract §5 replace the order, not the mechanism.

mod filter;
mod plan;
mod preferences;
mod shape;

pub use filter::Dropped;
pub use plan::{Plan, plan};
pub use preferences::{InvalidPreferences, Preferences};
pub use shape::CallShape;
