//! Batches: requests that are received now and answered in the background (contract §1.1).
//!
//! ```text
//! receive  the body as it comes, request by request into the store       receiving
//! claim    one gateway has a batch at a time, as long as it says so       runner
//! check    every request, before the first is answered                   work
//! answer   each as an ordinary call of the key that sent it: held,        answering
//!          limited, routed, tried again, charged and recorded as any, at the price of batches
//! ```
//!
//! Whatever ends a gateway, another or the next one goes on with what has no outcome yet. A call
//! whose answer was lost with the gateway is paid back, and its request answered again.

mod answering;
mod receiving;
mod runner;
mod work;

pub use receiving::{BatchDraft, DraftError};

/// What holds for a call as a request of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchTerms {
    /// What of its price is not charged, in millionths.
    pub(crate) discount: u32,
}

impl BatchTerms {
    /// What its record names in place of a service tier.
    pub(crate) const TIER: &'static str = "batch";
}
