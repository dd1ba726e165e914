//! A month of an account: what was there, what came and went, what is there, proven to the
//! nano-dollar, and what calls were made of it. Written as CSV and as PDF.
//!
//! # What is proven
//!
//! ```text
//! opening + in − out = closing
//! ```
//!
//! Closing is the account's balance, counted from the ledger behind the month's last instant, and
//! opening is what the month before has told as its closing; what came and went are the rows between
//! them. What came later with a time in an earlier month, whose statement was told by then, is a line
//! of its own ([`Line::Corrections`]). A [`Statement`] can't
//! be made of rows for which this does not hold. What calls cost in each table of usage adds up to
//! what calls cost; what no line accounts for is a line of its own.
//!
//! # Rounding
//!
//! CSV has every amount in full. PDF has it rounded to cents, half to even, and the exact amount
//! beside it where it is another.
//!
//! # What is deliberately absent
//!
//! Storage, clocks. The same statement is the same bytes, whenever it is written.

mod cents;
mod csv;
mod invoice;
mod issued;
mod line;
mod pdf;
mod statement;
mod usage;

pub use csv::csv;
pub use invoice::{InvalidInvoiceNumber, InvoiceNumber};
pub use issued::Issued;
pub use line::Line;
pub use pdf::pdf;
pub use statement::{Draft, Entry, Statement, StatementError};
pub use usage::{UsageLine, UsageTable};
