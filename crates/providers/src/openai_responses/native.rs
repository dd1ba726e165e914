//! A client of this dialect at a provider of this dialect.
//!
//! The client's bytes go up with the gateway's members taken out, and the provider's bytes come
//! back with ours put in: nothing is built, so what neither side has a name for yet survives.

mod end;
mod failed;
mod forward;
mod input;
mod scan;
mod splice;
mod stream;
mod whole;

pub(super) use forward::{forward, leaves_out, translates};
pub(super) use stream::SplicedStream;
pub(super) use whole::SplicedWhole;
