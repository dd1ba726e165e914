//! What there is to route to: models, the endpoints that serve them, what each can do and what a
//! call costs there.
//!
//! The built-in catalogue is data (`catalog/` in the repository), checked when the program is built
//! and embedded in it. [`Catalog::overlay`] lays an operator's rows over it,
//! [`Catalog::restricted_to`] keeps what an installation can call.
//!
//! # Invariants
//!
//! - A [`Catalog`] never changes; a new one replaces it. Cloning one copies a pointer.
//! - No price is not a price of zero: [`Endpoint::price`] is `None` for an unpriced endpoint, and a
//!   zero in the built-in data is marked as meant.
//! - Every built-in price names its source and the day it was read there.
//! - A bill is rounded once, up, in [`Price::cost`].
//! - Rows that contradict each other never replace a good catalogue: an overlay is taken whole or
//!   refused with every problem named.
//!
//! # What is deliberately absent
//!
//! No I/O, no clock, no keys. Routing variants such as `:nitro` are resolved elsewhere; an id here
//! may itself end in `:free`.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects, clippy::float_arithmetic))]

mod assemble;
mod catalog;
mod check;
mod cost;
mod endpoint;
mod format;
mod listing;
mod model;
mod names;
mod overlay;
mod price;
mod provider;
mod tiers;
mod vocabulary;

pub use catalog::Catalog;
pub use check::{OverlayError, Problem};
pub use cost::{Cost, CostError};
pub use endpoint::{Endpoint, EndpointId, OwnKey, Service};
pub use format::{
    DataPolicy, DefaultParameters, EndpointEntry, ModelEntry, Overlay, PriceEntry, ProviderEntry,
    QuirksEntry, RateTexts, ServiceTierEntry, TierEntry, WindowEntry,
};
pub use listing::{Listing, ListingOverride};
pub use model::{Architecture, Model};
pub use names::Unknown;
pub use price::{MinuteOfDay, Override, Price, Rates, When};
pub use provider::{Provider, Quirks};
pub use vocabulary::{
    Auth, EffortLevel, Lot, MaxTokensField, Modality, OperationStyle, Prefill, Protocol, Rate,
    ReasoningField, ReasoningStyle, ServiceTier,
};
