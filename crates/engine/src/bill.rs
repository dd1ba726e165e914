//! What a call costs, and to whom.

use std::sync::Arc;

use tollgate_catalog::{Cost, Endpoint};
use tollgate_types::{Chain, Timestamp, Usage, Usd};
use tollgate_wire::chat::UsageView;

/// What a call costs, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct Bill {
    pub(crate) view: UsageView,
    pub(crate) cache_discount: Option<Usd>,
}

impl Bill {
    /// Prices `usage` at `endpoint`. An answer that failed is not charged (contract §6.2,
    /// zero-completion insurance), whatever the provider takes for it.
    pub(crate) fn of(
        endpoint: Option<&Arc<Endpoint>>,
        usage: &Usage,
        at: Timestamp,
        failed: bool,
    ) -> Self {
        let price = endpoint.and_then(|it| it.price.as_ref());
        let priced = price.and_then(|price| match price.cost(usage, at) {
            Ok(cost) => Some((price, cost)),
            Err(error) => {
                tracing::error!(error = %Chain(&error), "a call can't be priced");
                None
            }
        });
        let unpriced = endpoint.is_some() && priced.is_none();
        let nothing =
            Cost { total: Usd::ZERO, prompt: Usd::ZERO, completion: Usd::ZERO, other: Usd::ZERO };
        let cost = priced.map_or(nothing, |(_, cost)| cost);
        // Whoever brings a key of their own is billed by the provider, and nothing is added.
        let is_byok = endpoint.is_some_and(|it| it.own_key.is_some());
        let charged = if failed || is_byok { Usd::ZERO } else { cost.total };
        let touched_cache = usage.cached_tokens > 0 || usage.cache_write_tokens > 0;
        let cache_discount = priced.filter(|_| touched_cache).and_then(|(price, cost)| {
            let uncached = Usage {
                cached_tokens: 0,
                cache_write_tokens: 0,
                cache_write_1h_tokens: 0,
                ..*usage
            };
            price.cost(&uncached, at).ok()?.total.checked_sub(cost.total)
        });
        let view = UsageView {
            usage: *usage,
            cost: charged,
            prompt_cost: cost.prompt,
            completion_cost: cost.completion,
            upstream_cost: cost.total,
            unpriced,
            is_byok,
        };
        Self { view, cache_discount }
    }
}
