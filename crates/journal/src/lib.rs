//! What must not be forgotten between the moment it happened and the moment that the database has
//! it: a local, append-only journal that outlives the process.
//!
//! An entry is bytes. [`Journal::append`] hands it to the operating system with one write, so it
//! survives that the process is killed; [`Journal::sync`], called every so often, makes it survive
//! that the machine is. Once the database has the entry, [`Receipt::applied`] says so. What was
//! not applied is handed out by [`Replay`] at the next start.
//!
//! Entries live in segments, files of some megabytes, and a segment goes when all of its entries
//! are applied. So a replay may hand out entries that were applied: **applying one twice must
//! change nothing**.
//!
//! Deliberately absent: what the bytes mean, tasks, clocks, and a bound on the journal's size.
//! Whoever appends watches [`Journal::bytes`] and [`Journal::unapplied`].

mod error;
mod folder;
mod format;
mod journal;
mod reader;
mod replay;
mod segment;
mod tail;

#[cfg(test)]
mod failing;

pub use error::{JournalError, Left};
pub use format::ENTRY_BYTES_MAX;
pub use journal::{Journal, Settings};
pub use replay::{Replay, Replayed};
pub use segment::Receipt;
