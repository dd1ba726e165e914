//! Book-keeping of credit: what may move, what that makes of an account, and what must hold.
//!
//! # Double entry
//!
//! Every [`Movement`] takes an amount from one [`Place`] and puts it into another, so nothing
//! appears or vanishes. An account has three places of its own: what can be spent (`available`),
//! what nodes have set aside for calls under way (`held`) and what is gone (`spent`). All others
//! are the world: payments, gifts, corrections. So for every account, after every movement,
//!
//! ```text
//! credited + metered = available + held + spent
//! ```
//!
//! [`Balance::proves`] checks it, for tests, for the command and for the hourly job.
//!
//! # Plans
//!
//! A [`Plan`] says what calls cost who has agreed to it: negotiated rates, discounts by the month's
//! spend, and a monthly commitment.
//!
//! # What is deliberately absent
//!
//! Storage, clocks, floats. Amounts are [`Usd`](tollgate_types::Usd), arithmetic is checked: a
//! movement that does not fit is refused whole.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

mod account;
mod audit;
mod balance;
mod byok_fee;
mod counted;
mod estimate;
mod fee;
mod lot;
mod movement;
mod plan;
mod slice;
mod till;

pub use account::{AccountId, DEFAULT_ACCOUNT, InvalidAccount, NodeId};
pub use audit::{Books, Discrepancy, audit};
pub use balance::{Balance, LedgerError};
pub use byok_fee::ByokFee;
pub use counted::{Counted, MovementSum, Total};
pub use estimate::LearnedLength;
pub use fee::{FeeError, PlatformFee};
pub use lot::{Lot, consume};
pub use movement::{Kind, Movement, Place, is_own_id};
pub use plan::{DiscountTier, NegotiatedRate, Plan, PlanError, PlanTerms, commitment, discounted};
pub use slice::{SlicePolicy, reclaim, slice};
pub use till::{CallCost, Till};
