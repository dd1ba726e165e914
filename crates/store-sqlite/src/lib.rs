//! The stores in one SQLite file: no server to run, and safe for a running gateway and the
//! command line to use at once.
//!
//! # How it works
//!
//! - One connection writes. It belongs to a task of this crate (the `writer` module) that takes writes
//!   from a bounded queue and commits what has piled up as one transaction. A caller's future
//!   never holds a transaction, so a caller that is cancelled can't leave one open (sqlx#4385).
//! - A pool of connections that can't write answers reads, each with a single statement, which
//!   sees one moment. Write-ahead logging keeps readers and the writer out of each other's way.
//! - Several processes may open the file: transactions take the write lock at their beginning
//!   and wait for it, and everything that must agree is written in one transaction.
//!
//! # Durability
//!
//! A write that was answered with `Ok` survives the end of the process and a loss of power
//! (`synchronous=FULL`): whoever hears it may forget what it wrote. Commits are shared by all that
//! wait for one, so what that costs is shared, too.
//!
//! # What is deliberately absent
//!
//! SQL made from data, compile-time checked queries (the conformance suite runs every
//! statement, and builds stay fast), and down migrations: a file made by a newer version is
//! refused.

#[macro_use]
mod columns;

mod activity;
mod backup;
mod batches;
mod contents;
mod credentials;
mod documents;
mod error;
mod feedback;
mod generation_columns;
mod generation_log;
mod generations;
mod history;
mod keys;
mod ledger;
mod ledger_books;
mod ledger_months;
mod ledger_nodes;
mod ledger_rows;
mod limit_counts;
mod location;
mod migrations;
mod policies;
mod presets;
mod record_filter;
mod retention;
mod store;
mod usage;
mod writer;

pub use backup::{copy, file, schema};
pub use error::OpenError;
pub use store::SqliteStore;
