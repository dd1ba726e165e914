//! Payments as values: what to ask a payment provider, how to read what it answers and tells, and
//! what that means for the ledger.
//!
//! # How money comes in
//!
//! An [`Order`] says what is bought. A [`PaymentProvider`] turns it into an [`Ask`], a request that
//! somebody else sends, and reads the [`Reply`]. Later it tells by a signed notice what has become
//! of it; [`PaymentProvider::notice`] checks the signature and returns a [`Notice`], whose
//! movements are posted.
//!
//! # Once
//!
//! Notices come twice, at once and out of order. Every posting has an id that is made of the
//! provider's own ids, so that the ledger takes it once, and the notices of one payment say the
//! same. Of a payment that goes back in several steps, by refunds and disputes, the credit goes
//! first: how a step is split depends on what went back before, which the caller knows
//! ([`Reversal::parts`]). In whatever order the steps come, they take the same in all.
//!
//! # What is deliberately absent
//!
//! Sockets, clocks, storage, floats. Amounts at providers are [`Cents`]; US dollars only.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

mod ask;
mod cents;
mod notice;
mod order;
mod provider;
mod secret;
mod stripe;

pub use ask::{Ask, Method, Reply};
pub use cents::{Cents, NotCents};
pub use notice::{Dispute, Failure, Notice, NoticeError, Parts, Payment, Reversal};
pub use order::{Fees, Instrument, Order, OrderError, PaymentMethod, Purpose};
pub use provider::{
    Charged, Checkout, NoticePage, Outcome, PaymentError, PaymentProvider, PaymentState, Refund,
    RefundOrder, RefundPage, Returns, Webhook,
};
pub use secret::Secret;
pub use stripe::{SIGNATURE_HEADER, Stripe, TOLERANCE_SECONDS};

/// The names of all providers ([`PaymentProvider::name`]): ids that begin with one of them and a
/// slash are of their payments, and nobody else's.
pub const PROVIDER_NAMES: [&str; 1] = [stripe::NAME];
