//! In which order endpoints are tried, and why each stands where it does (contract §5.2, §5.3).

use std::cmp::Ordering;
use std::sync::Arc;

use tollgate_catalog::Endpoint;
use tollgate_health::{Circuit, Standing, UptimeTier};
use tollgate_types::Timestamp;

use crate::Tier;
use crate::asked::Asked;
use crate::exacto::Class;
use crate::{CallShape, Preferences, Sort};

/// One endpoint of a plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// What is tried.
    pub endpoint: Arc<Endpoint>,
    /// The place of its model among those asked for: 0 is the primary.
    pub model: usize,
    /// Why it stands where it does.
    pub place: Place,
    /// Why it stands behind others, if it does.
    pub demotion: Option<Demotion>,
    /// About what the call costs there, in pico-dollars; `None` when it has no price.
    pub price: Option<u128>,
    /// How it has been doing.
    pub standing: Standing,
    /// Its place in the caller's order, if it has one.
    pub(crate) rank: Option<usize>,
    /// How good it is at tools, where that counts.
    pub(crate) class: Class,
    /// Whether it is of the tier that was asked for.
    pub(crate) is_of_tier: bool,
}

/// Why an endpoint stands where it does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// It has the conversation in its cache.
    Sticky,
    /// It is called with the caller's own key (contract §5.9).
    OwnKey,
    /// The caller's `provider.order` names it.
    Ordered,
    /// It was drawn, with this chance, among those that are well.
    Drawn {
        /// From 0 to 1.
        chance: f64,
    },
    /// By the caller's sort.
    Sorted(Sort),
    /// By price: the next cheapest.
    Price,
}

/// Whose key a call is made with, in the order of trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Turn {
    OwnKey,
    Shared,
    Fallback,
}

impl Place {
    /// One word for records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sticky => "sticky",
            Self::OwnKey => "byok",
            Self::Ordered => "ordered",
            Self::Drawn { .. } => "drawn",
            Self::Sorted(_) => "sorted",
            Self::Price => "price",
        }
    }
}

/// Why an endpoint stands behind others, from the least reason to the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demotion {
    /// It misses `preferred_min_throughput` or `preferred_max_latency`.
    Slow,
    /// It answered 80 to 94 % of a day's calls.
    Lowered,
    /// It answered fewer.
    LastResort,
    /// It has failed within the last 30 seconds.
    Unstable,
    /// Its provider asked for a pause, or nothing is left of what it grants.
    Cooling,
    /// It has failed again and again.
    Open,
}

impl Demotion {
    /// Why, as a phrase that follows "it".
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Slow => "is slower than the request prefers",
            Self::Lowered => "answered less than 95 % of its calls of the last day",
            Self::LastResort => "answered less than 80 % of its calls of the last day",
            Self::Unstable => "has been failing in the last 30 seconds",
            Self::Cooling => "has asked for a pause",
            Self::Open => "has failed again and again, and is left alone for a while",
        }
    }

    /// The demotion that a record's words tell of.
    pub fn of_reason(reason: &str) -> Option<Self> {
        let all = [
            Self::Slow,
            Self::Lowered,
            Self::LastResort,
            Self::Unstable,
            Self::Cooling,
            Self::Open,
        ];
        all.into_iter().find(|it| it.reason() == reason)
    }

    /// Whether it would only be tried when all else has failed, whatever the caller's order: it is
    /// known that it would not answer.
    pub(crate) const fn is_last(self) -> bool {
        matches!(self, Self::Cooling | Self::Open)
    }

    pub(crate) fn of(standing: &Standing, wants: &Preferences, now: Timestamp) -> Option<Self> {
        let is_cooling = standing.cooling_until.is_some_and(|until| until > now);
        if matches!(standing.circuit, Circuit::Open { .. }) {
            return Some(Self::Open);
        }
        if is_cooling || standing.requests_left == Some(0) {
            return Some(Self::Cooling);
        }
        // Half open, it is to be tried again, by one call at a time: whoever attempts sees to that.
        if !standing.stable && standing.circuit == Circuit::Closed {
            return Some(Self::Unstable);
        }
        match standing.tier {
            UptimeTier::LastResort => Some(Self::LastResort),
            UptimeTier::Lowered => Some(Self::Lowered),
            UptimeTier::Normal => is_slow(standing, wants).then_some(Self::Slow),
        }
    }
}

/// Whether what was measured misses a cut-off. What was never measured is given the benefit of the
/// doubt: else it never would be.
fn is_slow(standing: &Standing, wants: &Preferences) -> bool {
    let writes_slowly = wants.preferred_min_throughput.zip(standing.tokens_per_second);
    let seconds = standing.first_token_ms.map(|it| tollgate_health::Percentiles {
        p50: it.p50 / 1_000.0,
        p75: it.p75 / 1_000.0,
        p90: it.p90 / 1_000.0,
        p99: it.p99 / 1_000.0,
    });
    let speaks_late = wants.preferred_max_latency.zip(seconds);
    writes_slowly.is_some_and(|(least, measured)| least.is_below(&measured))
        || speaks_late.is_some_and(|(most, measured)| most.is_above(&measured))
}

impl Step {
    pub(crate) fn new(
        endpoint: &Arc<Endpoint>,
        model: usize,
        standing: Standing,
        asked: &Asked<'_>,
    ) -> Self {
        let Asked { shape, wants, now, .. } = *asked;
        let rank = wants.rank(endpoint);
        let place = match (&endpoint.own_key, rank, asked.sort()) {
            (Some(_), _, _) => Place::OwnKey,
            (None, Some(_), _) => Place::Ordered,
            (None, None, Some(sort)) => Place::Sorted(sort),
            (None, None, None) => Place::Price,
        };
        Self {
            model,
            place,
            demotion: Demotion::of(&standing, wants, now),
            price: estimate(endpoint, shape),
            standing,
            rank,
            class: Class::default(),
            is_of_tier: shape.tier.is_some() && endpoint.tier() == shape.tier,
            endpoint: Arc::clone(endpoint),
        }
    }

    /// When its turn comes, whatever the caller's order: the caller's own keys, what is shared, and
    /// the keys to fall back to (contract §5.9).
    pub(crate) fn turn(&self) -> Turn {
        self.endpoint
            .own_key
            .as_ref()
            .map_or(Turn::Shared, |key| if key.is_fallback { Turn::Fallback } else { Turn::OwnKey })
    }

    /// Whether it stands before another: what is known not to answer last of all, then whose key it
    /// is called with, then the caller's order, then the order of the caller's own keys, then health, then the tier asked for, then the sort, then price.
    pub(crate) fn compare(&self, other: &Self, sort: Option<Sort>, tier: Option<Tier>) -> Ordering {
        let is_last = |step: &Self| step.demotion.is_some_and(Demotion::is_last);
        let rank = |step: &Self| step.rank.unwrap_or(usize::MAX);
        let place = |step: &Self| step.endpoint.own_key.as_ref().map(|key| key.sort_order);
        is_last(self)
            .cmp(&is_last(other))
            .then_with(|| self.turn().cmp(&other.turn()))
            .then_with(|| rank(self).cmp(&rank(other)))
            .then_with(|| place(self).cmp(&place(other)))
            .then_with(|| self.demotion.cmp(&other.demotion))
            .then_with(|| other.is_of_tier.cmp(&self.is_of_tier))
            .then_with(|| self.class.cmp(&other.class))
            .then_with(|| self.compare_by(other, sort.or(by_tier(tier))))
            .then_with(|| self.compare_price(other))
    }

    fn compare_by(&self, other: &Self, sort: Option<Sort>) -> Ordering {
        let throughput = |step: &Self| step.standing.tokens_per_second.map(|it| -it.p50);
        let latency = |step: &Self| step.standing.first_token_ms.map(|it| it.p50);
        match sort {
            Some(Sort::Throughput) => least_first(throughput(self), throughput(other)),
            Some(Sort::Latency) => least_first(latency(self), latency(other)),
            Some(Sort::Price | Sort::Exacto) | None => Ordering::Equal,
        }
    }

    /// Unpriced last, resellers behind those they resell; the id makes it total, and the place of the
    /// model where one is asked for twice.
    fn compare_price(&self, other: &Self) -> Ordering {
        let reseller = |step: &Self| step.endpoint.provider.reseller;
        (self.price.is_none(), self.price, reseller(self))
            .cmp(&(other.price.is_none(), other.price, reseller(other)))
            .then_with(|| self.endpoint.id.cmp(&other.endpoint.id))
            .then_with(|| self.model.cmp(&other.model))
    }
}

/// The fastest of the dearer endpoints first (contract §5.7); the cheaper ones stand by price.
const fn by_tier(tier: Option<Tier>) -> Option<Sort> {
    match tier {
        Some(Tier::Priority) => Some(Sort::Throughput),
        Some(Tier::Flex) | None => None,
    }
}

/// What was measured before what was not.
fn least_first(mine: Option<f64>, other: Option<f64>) -> Ordering {
    match (mine, other) {
        (Some(mine), Some(other)) => mine.total_cmp(&other),
        (mine, other) => mine.is_none().cmp(&other.is_none()),
    }
}

/// What the call would cost at the endpoint, in pico-dollars; `None` when it has no price.
pub(crate) fn estimate(endpoint: &Endpoint, shape: &CallShape) -> Option<u128> {
    let rates = &endpoint.price.as_ref()?.rates;
    Some(rates.estimate(shape.prompt_tokens.max(1), shape.answer_tokens()))
}

/// The same with the prompt in the endpoint's cache.
pub(crate) fn estimate_cached(endpoint: &Endpoint, shape: &CallShape) -> Option<u128> {
    let mut rates = endpoint.price.as_ref()?.rates;
    rates.input = rates.cache_read.unwrap_or(rates.input);
    Some(rates.estimate(shape.prompt_tokens.max(1), shape.answer_tokens()))
}
