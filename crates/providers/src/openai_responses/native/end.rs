//! What is known of an answer once its response object is whole.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::answer::{finish, kind, tier};
use super::super::shape::Response;
use super::super::usage;
use crate::{Called, Fault, Progress};

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
    if counted.calls > 0 {
        // The whole list stands for what was said of its items one by one.
        progress.called = Called::default();
        for item in response.output.iter().flatten() {
            note_call(item, progress);
        }
    }
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

/// Takes note of an item that is a call.
pub(super) fn note_call(item: &RawValue, progress: &mut Progress) {
    #[derive(Deserialize)]
    struct Call<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(borrow, default)]
        arguments: Cow<'a, str>,
    }
    let kind = kind(item);
    let is_json = kind.as_deref() == Some("function_call");
    if !is_json && kind.as_deref() != Some("custom_tool_call") {
        return;
    }
    match serde_json::from_str::<Call<'_>>(item.get()) {
        Ok(call) if is_json => progress.called.with_text(&call.name, &call.arguments),
        Ok(call) => progress.called.of_other(&call.name),
        // Without a name or text as its arguments it is no call that anybody could make.
        Err(_) => progress.called.with_text("", ""),
    }
}
