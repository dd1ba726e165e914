//! What is known of an answer once its response object is whole.

use serde_json::value::RawValue;

use super::super::answer::{finish, kind, tier};
use super::super::shape::Response;
use super::super::usage;
use crate::{Fault, Progress};

/// Items that matter beyond being passed on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Calls of the caller's tools.
    pub(super) calls: u32,
    /// Searches of the web.
    pub(super) searches: u64,
}

impl Counts {
    /// Counts an item of this kind.
    pub(super) fn count(&mut self, kind: &str) {
        match kind {
            "function_call" | "custom_tool_call" => self.calls = self.calls.saturating_add(1),
            "web_search_call" => self.searches = self.searches.saturating_add(1),
            _ => {}
        }
    }

    fn of(items: &[&RawValue]) -> Self {
        let mut counts = Self::default();
        for raw in items.iter().copied() {
            counts.count(kind(raw).as_deref().unwrap_or_default());
        }
        counts
    }
}

/// Takes note of a response object; `streamed` is what its events already said.
pub(super) fn note(
    response: &Response<'_>,
    streamed: Counts,
    progress: &mut Progress,
) -> Result<(), Fault> {
    let counted = Counts::of(response.output.as_deref().unwrap_or_default());
    let calls = counted.calls.max(streamed.calls);
    let searches = counted.searches.max(streamed.searches);
    progress.tool_calls = calls;
    if let Some(usage) = response.usage.and_then(|raw| usage::read(raw.get(), searches)) {
        progress.usage = Some(usage);
    }
    if let Some(tier) = tier(response) {
        progress.service_tier = Some(tier.to_owned());
    }
    progress.finish = Some(finish(response, calls > 0)?);
    progress.content = true;
    Ok(())
}
