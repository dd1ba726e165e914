//! The program: configuration, wiring, commands. No rules of its own.
//!
//! A library beside the binary so that tests start the very gateway that operators run.

mod backup;
mod bookkeeping;
pub mod commands;
pub mod config;
mod counting;
mod discovery;
mod endpoint_history;
mod environment;
mod gateway;
mod installation;
mod output;
mod own_file;
mod refreshing;
mod reload;
mod retention;
mod rounds;
mod secrets;
mod setup;

pub use environment::Environment;
pub use gateway::{Gateway, Seams};
