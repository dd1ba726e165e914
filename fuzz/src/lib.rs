//! What the fuzz targets share: how bytes are cut into packets, where a call goes, and the laws
//! that answers and JSON are held to.
//!
//! A target reads its choices from the first bytes of its input and takes the rest as what came
//! from outside. What is deliberately absent: expectations about single inputs; those are the
//! tests of the crates.

pub mod answers;
pub mod frames;
pub mod json;
pub mod multipart;
pub mod mutation;
pub mod operations;
pub mod places;
pub mod split;
pub mod subtitles;

/// A time of day for everything that asks for one.
pub const NOW: tollgate_types::Timestamp = tollgate_types::Timestamp::from_unix_millis(1_000);
