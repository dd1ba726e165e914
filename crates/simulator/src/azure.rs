//! Azure OpenAI: OpenAI's protocols at other paths, with another header for the key, other words
//! for errors, and the verdicts of content filters.
//!
//! Source: <https://learn.microsoft.com/azure/ai-foundry/openai/reference>.

mod error;

use http::request::Parts;

use crate::failure::Failure;
use crate::protocol::{Asked, Asking};
use crate::{openai, responses};

pub(crate) use error::failure;

/// Reads a request for a chat completion.
pub(crate) fn read(asking: Asking<'_>) -> Result<Asked, Failure> {
    check_version(asking.head)?;
    openai::read(asking, true)
}

/// Reads a request for a response.
pub(crate) fn read_response(asking: Asking<'_>) -> Result<Asked, Failure> {
    check_version(asking.head)?;
    responses::read(asking)
}

/// Without a version there is nothing to be found, but for the newer paths, which need none.
pub(crate) fn check_version(head: &Parts) -> Result<(), Failure> {
    let query = head.uri.query().unwrap_or_default();
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let named = pairs.any(|(name, version)| name == "api-version" && !version.is_empty());
    if named || head.uri.path().contains("/openai/v1/") {
        return Ok(());
    }
    Err(Failure::no_route(head.method.as_str(), head.uri.path()))
}
