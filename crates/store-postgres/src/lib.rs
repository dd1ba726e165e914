//! The stores in a Postgres database: several gateways may share one, each on its own machine.
//!
//! # How it works
//!
//! - A bounded pool of connections. A write takes a turn first (the `writes` module), so that some
//!   connections are always left to reads, and then runs as a task of this crate: a caller that is
//!   cancelled can't leave a transaction open.
//! - Each write is one transaction at READ COMMITTED that locks what it depends on before it reads
//!   it: the row of a noun's revision, or the balances of the accounts that it touches, in their
//!   order. Every statement behind a lock sees what was committed before the lock was given. What
//!   collides all the same is tried again a few times.
//! - A read is one statement, which sees one moment, or a REPEATABLE READ transaction.
//! - Batches travel as arrays, one for each column, so that a batch of any size takes a fixed
//!   number of round trips.
//! - Generations lie in partitions, one for each month of `created_at`, made when the first
//!   record of a month comes, and the next month's with them. Their ids are kept apart, in one
//!   table, which is what makes them unique, also where an operator has dropped old months. (The
//!   ledger's audit then misses those records, and says so.)
//!
//! # Durability
//!
//! A write that was answered with `Ok` is as durable as the server's `synchronous_commit` says.
//!
//! # What is deliberately absent
//!
//! SQL made from data, compile-time checked queries (the conformance suite runs every statement,
//! and builds stay fast), and down migrations: a database made by a newer version is refused.

#[macro_use]
mod names;

mod activity;
mod allotments;
mod batches;
mod columns;
mod contents;
mod credentials;
mod documents;
mod error;
mod feedback;
mod generation_columns;
mod generation_log;
mod generation_rows;
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
mod months;
mod policies;
mod presets;
mod record_filter;
mod retention;
mod store;
mod text;
mod till;
mod usage;
mod writes;

#[cfg(feature = "test-server")]
pub mod test_server;

pub use error::OpenError;
pub use location::{check, is_postgres, without_password};
pub use store::PostgresStore;
