//! Which endpoints serve a call, in which order, and why the others don't. No I/O, no clock.
//!
//! [`plan()`] takes a [`Question`]: the endpoints of the models asked for, what the call needs of
//! them ([`CallShape`]), what the caller wants ([`Preferences`]), how each endpoint has been doing
//! ([`Standing`](tollgate_health::Standing)) and a seed. It returns a [`Plan`]: the endpoints to
//! try, in order, each with why it stands there, and a reason for each one left out. The same
//! question always has the same answer, so that a plan can be explained and decided again later.
//!
//! When all of a plan has failed, [`RetryPolicy`] says whether and when it is gone through again,
//! within a [`RetryBudget`].

mod asked;
mod balance;
mod cutoffs;
mod dropped;
mod exacto;
mod filter;
mod names;
mod order;
mod plan;
mod preferences;
mod retry;
mod shape;

pub use asked::{Authority, Candidates, Question, Restriction};
pub use cutoffs::Cutoffs;
pub use dropped::Dropped;
pub use order::{Demotion, Place, Step};
pub use plan::{Plan, plan};
pub use preferences::{InvalidPreferences, MaxPrice, Preferences, Sort};
pub use retry::{RetryBudget, RetryPolicy};
pub use shape::{CallShape, Funds};
pub use tollgate_catalog::ServiceTier as Tier;
