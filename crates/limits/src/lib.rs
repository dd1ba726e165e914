//! Whether a call may begin: rates, calls at once and budgets. No I/O, no clock.
//!
//! A [`Limit`] says how much of a [`Measure`] there is in a [`Window`], and of whom. What one of
//! them has taken is a [`Counter`], found by name in [`Counters`]; limit and counter together are
//! [`Applied`]. [`admit`] takes what a call may need at most from every limit at once, or from none
//! and says why in a [`Refusal`]. The [`Reservation`] is settled to what the call really used.
//!
//! # Invariants
//!
//! - **All or nothing.** All counters of a call are locked together, in one order for everybody.
//!   Nobody ever sees a call half admitted, and no refusal is caused by another refused call.
//! - **Never more than the limit.** What is taken at admission never exceeds it. Only a call that
//!   used more than it reserved goes beyond, by that difference.
//! - **What was taken is given back where it was taken.** In a window that has passed nothing is
//!   given back.
//! - **A clock that goes back opens nothing and blocks nobody for longer than a window.** What is
//!   dated ahead of now counts as of now. Less than [`CLOCK_SLACK`] back is no step at all: threads
//!   come by so late.
//! - **Nothing overflows.** Amounts are held at the ends of their range; at the upper end nobody
//!   else is let in.
//!
//! # What is deliberately absent
//!
//! Timers and tasks: windows move on when somebody asks. Who is limited by what, and what a caller
//! is told: that is the engine's. Other nodes: what they took is told with [`Counters::observed`],
//! and what this one took is read with [`Counters::entries`].

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

mod admission;
mod counter;
mod counters;
mod entry;
mod key_limits;
mod limit;
mod measure;
mod minute;
mod periods;
mod refusal;
mod share;
mod window;

pub use admission::{Reservation, admit, admit_each, admit_within, is_covered};
pub use counter::{Applied, CLOCK_SLACK, Counter, Standing};
pub use counters::{Counters, Full, IDLE};
pub use entry::{Entry, Snapshot};
pub use key_limits::{KeyLimits, KeyLimitsChange};
pub use limit::{CREDITS_FOR_MORE_FREE_CALLS, Limit, Scope, free_models};
pub use measure::{Load, Measure};
pub use refusal::{RateLimit, Refusal, Relief};
pub use share::Share;
pub use window::Window;
