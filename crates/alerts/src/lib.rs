//! What an operator wants to hear of before a caller does: budgets that are nearly spent, credit
//! that runs out, spending that is unlike the days before.
//!
//! Pure: [`decide`] makes of a [`Picture`] of the moment the alerts that are due, each under a key
//! that is the same however often it is decided and by however many nodes, and so makes it happen
//! once. Taking the picture, keeping the alerts and telling them is the engine's.
//!
//! # Invariants
//!
//! - The same picture gives the same keys, and no key twice.
//! - A key names kind, subject, window and threshold, and nothing that moves within a window.

mod alert;
mod decide;
mod delivery;
mod picture;
mod settings;
mod signature;

pub use alert::{Alert, Pending, Reason, Subject, SubjectKind};
pub use decide::{Decision, Due, decide};
pub use delivery::{Channel, Delivery, DeliveryState, RETRIES};
pub use picture::{BalanceSeen, BalanceWatch, BudgetSeen, HourWatch, Picture, SpendSeen, Window};
pub use settings::{Factor, Settings, SettingsError, Spike, USUAL_DAYS};
pub use signature::signature;
