//! HTTP in and out: routes, authentication, body limits, errors.
//!
//! Handlers translate HTTP and nothing else; everything that costs money happens in the engine.
//! Each operation of the API is a file in `handlers/`, named after it, and a line in the router. Calls that generate go
//! past the router: see [`Front`].
//!
//! # What is deliberately absent
//!
//! SQL, sockets to providers, the environment.

mod address;
mod attribution;
mod audit;
mod auth;
mod body;
mod compression;
mod error;
mod example;
mod form;
mod front;
mod handlers;
mod listing;
mod path;
mod query;
mod region;
mod router;
mod secret;
mod server;
mod session;
mod settings;
mod skin;
mod streams;
mod tries;
mod unread;

pub use example::example_model;
pub use front::Front;
pub use listing::counted;
pub use router::{App, AppConfig};
pub use server::{ServerConfig, listen, serve};
pub use settings::{SettingInForce, SettingsInForce};
