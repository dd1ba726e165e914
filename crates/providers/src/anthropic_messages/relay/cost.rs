//! What an answer cost, put into the provider's `usage` (contract §3.6).

use serde::Serialize;
use tollgate_types::Usage;
use tollgate_wire::chat::UsageView;
use tollgate_wire::json::{ScanError, UsdNumber};

use crate::splice::{Edits, Places, patch, quoted};

/// The members that are ours. A provider that bills like us has some of them; its own are
/// replaced, but for the tier, which it knows better.
const OURS: [&str; 6] =
    ["cost", "is_byok", "cost_details", "service_tier", "is_estimated", "is_unpriced"];

#[derive(Serialize)]
struct CostDetails {
    upstream_inference_cost: UsdNumber,
    upstream_inference_prompt_cost: UsdNumber,
    upstream_inference_completions_cost: UsdNumber,
}

/// The counts of an answer whose provider reported none. `input_tokens` are those the prompt cache
/// had nothing to do with.
#[derive(Serialize)]
struct Counts {
    input_tokens: u64,
    cache_creation_input_tokens: u64,
    cache_read_input_tokens: u64,
    output_tokens: u64,
}

impl Counts {
    const fn of(usage: &Usage) -> Self {
        Self {
            input_tokens: usage
                .prompt_tokens
                .saturating_sub(usage.cached_tokens)
                .saturating_sub(usage.cache_write_tokens),
            cache_creation_input_tokens: usage.cache_write_tokens,
            cache_read_input_tokens: usage.cached_tokens,
            output_tokens: usage.completion_tokens,
        }
    }
}

/// What an answer cost, and the tier that served it in chat's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost<'a> {
    /// Counts and amounts.
    pub(super) view: &'a UsageView,
    /// The tier.
    pub(super) tier: Option<&'a str>,
}

impl Cost<'_> {
    /// Puts the cost into the `usage` member of an object in `text`; where there is none, one is
    /// added.
    pub(super) fn put<const N: usize>(
        &self,
        text: &[u8],
        object: &mut Places<N>,
        edits: &mut Edits,
    ) -> Result<(), ScanError> {
        let given = object.span("usage").filter(|span| text.get(span.start) == Some(&b'{'));
        if let Some(span) = given {
            return self.fill(text, span.start, edits);
        }
        object.put("usage", self.usage(), edits);
        Ok(())
    }

    /// A `usage` of our own counts.
    pub(super) fn usage(&self) -> Vec<u8> {
        let counts = json(&Counts::of(&self.view.usage));
        let (mut edits, mut usage) = (Vec::new(), Vec::new());
        // What was just written is an object.
        if self.fill(&counts, 0, &mut edits).is_err() {
            return counts;
        }
        patch(&counts, &mut edits, &mut usage);
        usage
    }

    /// Puts the cost into the object that stands at `offset`.
    fn fill(&self, text: &[u8], offset: usize, edits: &mut Edits) -> Result<(), ScanError> {
        let mut places = Places::find(text, offset, OURS)?;
        let known = places.span("service_tier").is_some_and(|it| text.get(it) != Some(b"null"));
        if let Some(tier) = self.tier.filter(|_| !known) {
            // This dialect's word for the ordinary tier.
            let tier = if tier == "default" { "standard" } else { tier };
            places.put("service_tier", quoted(tier), edits);
        }
        let view = self.view;
        places.put("cost", json(&UsdNumber(view.cost)), edits);
        places.put("is_byok", json(&view.is_byok), edits);
        let details = CostDetails {
            upstream_inference_cost: UsdNumber(view.upstream_cost),
            upstream_inference_prompt_cost: UsdNumber(view.prompt_cost),
            upstream_inference_completions_cost: UsdNumber(view.completion_cost),
        };
        places.put("cost_details", json(&details), edits);
        let is_estimated = view.usage.is_estimated();
        for (name, fact) in [("is_estimated", is_estimated), ("is_unpriced", view.unpriced)] {
            if fact || places.span(name).is_some() {
                places.put(name, json(&fact), edits);
            }
        }
        Ok(())
    }
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec())
}
