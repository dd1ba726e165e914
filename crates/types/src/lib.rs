//! The vocabulary every other crate shares: money, prices, token counts, ids, slugs and instants.
//!
//! # Invariants
//!
//! - Money is [`Usd`], whole nano-dollars; a price is [`UnitPrice`], whole pico-dollars per unit.
//!   Neither has operators: arithmetic is checked and named.
//! - A secret ([`ApiKey`]) has no `Display`, and its `Debug` is redacted.
//!
//! # What is deliberately absent
//!
//! No clock, no randomness source, no I/O: callers pass `now` and the random bytes.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

mod address;
mod batch_id;
mod calendar;
mod chain;
mod generation_id;
mod key;
mod money;
mod month;
mod random_text;
mod slug;
mod timestamp;
mod usage;
mod uuid;

pub use address::{AddressError, AddressRange};
pub use batch_id::BatchId;
pub use calendar::{UsageWindows, UtcDay};
pub use chain::Chain;
pub use generation_id::GenerationId;
pub use key::{ApiKey, KeyHash, Pepper};
pub use money::{MoneyError, UnitPrice, Units, Usd, total};
pub use month::{InvalidMonth, Month};
pub use slug::{ModelSlug, ProviderSlug, SlugError};
pub use timestamp::Timestamp;
pub use usage::{Usage, UsageSource};
pub use uuid::uuid;
