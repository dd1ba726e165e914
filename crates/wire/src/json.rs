//! JSON that is read where it must be and passed on where it can be.
//!
//! # Why not a tree?
//!
//! Most of a call is none of our business: a prompt of five megabytes, a chunk with one word in
//! it. Building a value of it and writing it out again costs more than everything else the gateway
//! does. So [`Scanner`] walks the bytes once, checks that they are JSON, and says where things
//! are; [`ObjectWriter`] writes an object from spans of the original and a few fields of ours.
//!
//! # Invariants
//!
//! - What [`Scanner`] accepts, `serde_json` accepts too (strings apart: they are checked for
//!   control characters and escapes, while UTF-8 is the caller's to check). A property test holds
//!   them together.
//! - No recursion: depth is bounded by [`DEPTH_MAX`], not by the stack.

mod leaves;
mod length;
mod number;
mod object;
mod position;
mod scan;
mod surrogates;
mod write;

pub use leaves::{Leaf, leaves};
pub(crate) use length::prompt_length;
pub use length::{compact_length, text_length};
pub(crate) use number::{whole, whole_member};
pub use object::RawObject;
pub(crate) use object::{kind_of, not_json, raw_value, wrong_type};
pub use position::Position;
pub use scan::{DEPTH_MAX, ScanError, Scanner, Span};
pub use surrogates::{SurrogateJoiner, mend_surrogates};
pub use write::{ObjectWriter, UsdNumber, write_string};
