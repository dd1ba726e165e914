//! Ollama's own protocol: `/api/chat`, `/api/embed` and what tells of models. Conversations are
//! streamed unless they are told not to be.
//!
//! Source: <https://github.com/ollama/ollama/blob/main/docs/api.md>.

mod catalog;
mod embed;
mod error;
mod read;
mod write;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::HeaderMap;

use crate::failure::Failure;
use crate::protocol::{bearer, check_key};

pub(crate) use catalog::{models, show, version};
pub(crate) use embed::embed;
pub(crate) use error::failure;
pub(crate) use read::read;

/// A local server asks for no key, but a wrong one is refused, as the hosted service does.
pub(crate) fn authorize(headers: &HeaderMap) -> Result<(), Failure> {
    match bearer(headers) {
        Some(key) => check_key(Some(key)),
        None => Ok(()),
    }
}

/// `2026-01-01T00:00:00Z`.
fn moment(unix_s: i64) -> String {
    // Fails beyond the year 9999 only.
    DateTime::from_secs(unix_s).fmt(Format::DateTime).unwrap_or_default()
}
