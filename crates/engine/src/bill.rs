//! What a call costs, and to whom.

use std::sync::Arc;

use tollgate_catalog::{Cost, Endpoint};
use tollgate_ledger::discounted;
use tollgate_providers::Progress;
use tollgate_routing::Tier;
use tollgate_types::{Chain, Timestamp, Usage, Usd};
use tollgate_wire::chat::UsageView;

use crate::asked::Asked;
use crate::run::Run;

/// What a call costs, and to whom.
#[derive(Debug, Clone)]
pub(crate) struct Bill {
    pub(crate) view: UsageView,
    pub(crate) cache_discount: Option<Usd>,
    payer: Payer,
    /// What of the price list is not charged, in millionths.
    pub(crate) discount: u32,
}

/// Whose account at providers a bill is paid from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payer {
    /// Nobody answered.
    Nobody,
    Installation,
    /// Whoever brought a key of their own.
    Caller,
    Both,
}

impl Payer {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nobody, it) | (it, Self::Nobody) => it,
            (one, two) if one == two => one,
            _ => Self::Both,
        }
    }
}

impl Bill {
    /// Prices `usage` at `endpoint`, less a discount in millionths. An answer that failed is not charged (contract §6.2,
    /// zero-completion insurance), whatever the provider takes for it.
    pub(crate) fn of(
        endpoint: Option<&Arc<Endpoint>>,
        usage: &Usage,
        at: Timestamp,
        (discount, failed): (u32, bool),
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
        // Whoever brings a key of their own is billed by the provider; a fee may be added at the end.
        let payer = endpoint.map_or(Payer::Nobody, |it| match it.own_key {
            Some(_) => Payer::Caller,
            None => Payer::Installation,
        });
        let is_byok = payer == Payer::Caller;
        let charged = if failed || is_byok { Usd::ZERO } else { discounted(cost.total, discount) };
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
        Self { view, cache_discount, payer, discount }
    }

    /// Notes that part of it is another bill: it is the caller's own only if both are.
    pub(crate) fn shares_with(&mut self, other: &Self) {
        self.payer = self.payer.and(other.payer);
        self.view.is_byok = self.payer == Payer::Caller;
    }
}

/// How often an endpoint's context may have been read for one answer: a provider's own tools have it
/// read again and again.
const READ_CONTEXTS_MAX: u64 = 16;
/// How often it may have been written: a context may be stated too small.
const WRITTEN_CONTEXTS_MAX: u64 = 4;

/// Whether an answer is none: nothing was written, and nobody says why it ended. No tokens are
/// charged then, while searches are (contract §6.2, zero-completion insurance).
const fn said_nothing(progress: &Progress, usage: &Usage) -> bool {
    let ends_blank = match &progress.finish {
        Some((_, native)) => native.is_empty(),
        None => true,
    };
    ends_blank
        && usage.completion_tokens == 0
        && usage.completion_images == 0
        && progress.output_bytes == 0
        && progress.tool_calls == 0
}

const MILLION: u64 = 1_000_000;

/// Two discounts in millionths, one after the other; never more than both take.
fn both(one: u32, other: u32) -> u32 {
    let left = |discount: u32| MILLION.saturating_sub(u64::from(discount));
    let left = left(one).saturating_mul(left(other)).div_ceil(MILLION);
    u32::try_from(MILLION.saturating_sub(left)).unwrap_or_default()
}

/// A report with what it leaves out: what was read as counted here, and at least so many tokens
/// written.
pub(crate) fn completed(said: Usage, least: &Usage, written: u64) -> Usage {
    let or = |said: u64, least: u64| if said > 0 { said } else { least };
    let cached = said.cached_tokens.saturating_add(said.cache_write_tokens);
    Usage {
        prompt_tokens: or(said.prompt_tokens, least.prompt_tokens.max(cached)),
        completion_tokens: said.completion_tokens.max(written),
        prompt_characters: or(said.prompt_characters, least.prompt_characters),
        prompt_audio_milliseconds: or(
            said.prompt_audio_milliseconds,
            least.prompt_audio_milliseconds,
        ),
        search_units: or(said.search_units, least.search_units),
        ..said
    }
}

impl<C: Asked> Run<C> {
    /// What an answer costs by the plan's rates; what discounts the month has earned comes off at
    /// the end.
    pub(crate) fn bill(
        &self,
        at: Option<&Arc<Endpoint>>,
        (usage, progress): (&Usage, &Progress),
        failed: bool,
    ) -> Bill {
        let discount = self.discount_on(at.map(Arc::as_ref));
        if !C::CONVERSES || !said_nothing(progress, usage) {
            return Bill::of(at, usage, self.created, (discount, failed));
        }
        let mut bill = Bill::of(at, &usage.without_tokens(), self.created, (discount, failed));
        bill.view.usage = *usage;
        bill
    }

    /// How many answers the call asked for.
    pub(crate) fn answers_asked(&self) -> u64 {
        self.call.member("n").and_then(|it| it.parse().ok()).unwrap_or(1).max(1)
    }

    /// Whether a report can be true. Nobody is billed for what no answer of the endpoint can have
    /// come to, whatever its provider says.
    pub(crate) fn believes(&self, at: Option<&Arc<Endpoint>>, said: &Usage) -> bool {
        let context = at.and_then(|it| it.context_length).filter(|_| C::CONVERSES);
        let is_within = context.is_none_or(|context| {
            let most_written = context.saturating_mul(WRITTEN_CONTEXTS_MAX);
            said.prompt_tokens <= context.saturating_mul(READ_CONTEXTS_MAX)
                && said.completion_tokens <= most_written.saturating_mul(self.answers_asked())
        });
        let believes = said.is_possible() && is_within;
        if !believes {
            tracing::warn!(
                call.id = self.id.as_str(),
                prompt_tokens = said.prompt_tokens,
                completion_tokens = said.completion_tokens,
                "a provider reports more than its model can read or write: what went through is counted here instead"
            );
        }
        believes
    }

    /// What of an endpoint's list price is not charged, in millionths: what the plan takes off, and
    /// of what is left then what batches cost less.
    pub(crate) fn discount_on(&self, at: Option<&Endpoint>) -> u32 {
        let model = at.map(|it| it.model.id.as_str()).unwrap_or_default();
        let by_plan = self.agreed.as_ref().map_or(0, |agreed| agreed.plan.discount(model));
        self.batch.map_or(by_plan, |batch| both(by_plan, batch.discount))
    }

    /// What the answer of `endpoint` is billed as: the same model at the same provider in the
    /// service tier that served, as far as the provider says which (contract §5.7).
    pub(crate) fn billed(&self, endpoint: &Arc<Endpoint>, progress: &Progress) -> Arc<Endpoint> {
        let tier = match progress.service_tier.as_deref() {
            Some("default" | "standard") => None,
            Some(word) => match Tier::asked(word) {
                Some(tier) => Some(tier),
                None => return Arc::clone(endpoint),
            },
            None => return Arc::clone(endpoint),
        };
        if endpoint.tier() == tier {
            return Arc::clone(endpoint);
        }
        if let Some(key) = &endpoint.own_key {
            let beside = self.installation.known().beside(endpoint, tier);
            return beside
                .map_or_else(|| Arc::clone(endpoint), |beside| Arc::new(beside.with_own_key(key)));
        }
        let beside = self.installation.routable().beside(endpoint, tier);
        Arc::clone(beside.unwrap_or(endpoint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn discounts_follow_each_other() {
        for (one, other, expected) in [
            (0, 0, 0),
            (0, 500_000, 500_000),
            (150_000, 500_000, 575_000),
            (1_000_000, 500_000, 1_000_000),
            (333_333, 333_333, 555_555),
            (1, 1, 1),
        ] {
            assert_eq!((both(one, other), both(other, one)), (expected, expected));
        }
    }

    #[test]
    fn a_bill_is_the_callers_own_only_if_nothing_of_it_is_shared() {
        use Payer::{Both, Caller, Installation, Nobody};
        for (one, two, expected) in [
            (Nobody, Nobody, Nobody),
            (Nobody, Caller, Caller),
            (Nobody, Installation, Installation),
            (Caller, Caller, Caller),
            (Caller, Installation, Both),
            (Both, Caller, Both),
            (Both, Nobody, Both),
        ] {
            assert_eq!((one.and(two), two.and(one)), (expected, expected), "{one:?} {two:?}");
        }
    }
}
