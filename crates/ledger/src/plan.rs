//! Plans: what calls cost who has agreed to one, and what a month costs at least.
//!
//! A call is charged the difference that it makes to the whole month: what the month costs with it,
//! less what it costs without. So the calls of a month cost exactly what the month does, whatever
//! their number, size and order, and rounding adds less than a nano-dollar to a month.

use tollgate_types::{Month, Timestamp, Usd};

use crate::{AccountId, Kind, Movement};

/// A discount on what is spent beyond an amount in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscountTier {
    /// What is spent in the month before it begins, at agreed prices.
    pub from: Usd,
    /// Millionths of the price that are not charged: 50,000 are 5 %.
    pub millionths: u32,
}

/// A discount on some models' prices, which was agreed on beside the tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiatedRate {
    /// A model's id, `author/*` for all of an author's, `*` for all.
    pub model: String,
    /// Millionths of the list price that are not charged.
    pub millionths: u32,
}

/// What a plan says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanTerms {
    /// What a month costs at least.
    pub monthly_commitment: Usd,
    /// Discounts by the month's spend; those that begin later take the place of earlier ones.
    pub tiers: Vec<DiscountTier>,
    /// Discounts by model: the one that names it best counts.
    pub rates: Vec<NegotiatedRate>,
}

/// Terms that were checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    terms: PlanTerms,
}

/// Why terms are no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The commitment is less than nothing.
    #[error("monthly_commitment: less than zero")]
    Commitment,
    /// A discount is more than the whole price.
    #[error("a discount is more than 100 percent")]
    Discount,
    /// A tier begins below zero, or where another does or before it.
    #[error("tiers must begin at zero or above, each above the one before it")]
    Tiers,
    /// A rate names no model, or one that another names.
    #[error("rates must each name another model as author/model, author/* or *")]
    Rates,
}

const WHOLE: u32 = 1_000_000;

impl Plan {
    /// Checks terms.
    ///
    /// # Errors
    ///
    /// When they contradict each other or themselves.
    pub fn new(terms: PlanTerms) -> Result<Self, PlanError> {
        if terms.monthly_commitment < Usd::ZERO {
            return Err(PlanError::Commitment);
        }
        let discounts = terms.tiers.iter().map(|it| it.millionths);
        if discounts.chain(terms.rates.iter().map(|it| it.millionths)).any(|it| it > WHOLE) {
            return Err(PlanError::Discount);
        }
        let starts_below = terms.tiers.first().is_some_and(|it| it.from < Usd::ZERO);
        if starts_below || !terms.tiers.iter().is_sorted_by(|a, b| a.from < b.from) {
            return Err(PlanError::Tiers);
        }
        if Self::wrong_rate(&terms.rates).is_some() {
            return Err(PlanError::Rates);
        }
        let mut names: Vec<&str> = terms.rates.iter().map(|it| it.model.as_str()).collect();
        names.sort_unstable();
        if names.first().is_some_and(|it| it.is_empty()) || !names.is_sorted_by(|a, b| a < b) {
            return Err(PlanError::Rates);
        }
        Ok(Self { terms })
    }

    /// A rate that can't name any model.
    fn wrong_rate(rates: &[NegotiatedRate]) -> Option<&NegotiatedRate> {
        let names = |model: &str| match model.split_once('/') {
            None => model == "*",
            Some((author, slug)) => {
                let is_name = |part: &str| !part.is_empty() && !part.contains('*');
                is_name(author) && (slug == "*" || is_name(slug))
            }
        };
        rates.iter().find(|rate| !names(&rate.model))
    }

    /// What was checked.
    pub const fn terms(&self) -> &PlanTerms {
        &self.terms
    }

    /// The discount on a model's list price, in millionths: of the rate that names it best.
    pub fn discount(&self, model: &str) -> u32 {
        let author = model.split_once('/').map(|(author, _)| author);
        let named = |it: &&NegotiatedRate| it.model == model;
        let of_author =
            |it: &&NegotiatedRate| it.model.strip_suffix("/*").is_some_and(|it| Some(it) == author);
        let rates = || self.terms.rates.iter();
        let best = rates().find(named).or_else(|| rates().find(of_author));
        best.or_else(|| rates().find(|it| it.model == "*")).map_or(0, |it| it.millionths)
    }

    /// What a call is charged that costs `counts` at negotiated rates ([`discounted`]), in a month in
    /// which calls have counted `spent` so far. `None` when it does not fit.
    pub fn charge(&self, counts: Usd, spent: Usd) -> Option<Usd> {
        let without = self.month(spent)?;
        self.month(spent.checked_add(counts.max(Usd::ZERO))?)?.checked_sub(without)
    }

    /// What a month costs in which calls have counted `spent`, rounded up once; its commitment is
    /// beside it. `None` when it does not fit.
    pub fn month(&self, spent: Usd) -> Option<Usd> {
        let spent = nanos(spent);
        let (mut millionths, mut at, mut discount) = (0_u128, 0_u128, 0_u32);
        for tier in &self.terms.tiers {
            let from = nanos(tier.from).min(spent);
            millionths = millionths.checked_add(remaining(from.checked_sub(at)?, discount)?)?;
            (at, discount) = (from, tier.millionths);
        }
        millionths = millionths.checked_add(remaining(spent.checked_sub(at)?, discount)?)?;
        usd(millionths.div_ceil(WHOLE.into()))
    }

    /// The most that calls can have counted in a month in which they were charged `charged`: what a
    /// node goes on from that knows only what was charged.
    pub fn counted(&self, charged: Usd) -> Usd {
        let mut left = nanos(charged).saturating_mul(WHOLE.into());
        let (mut at, mut discount) = (0_u128, 0_u32);
        for tier in &self.terms.tiers {
            let from = nanos(tier.from);
            let segment = from.saturating_sub(at);
            let Some(costs) = remaining(segment, discount).filter(|costs| *costs <= left) else {
                break;
            };
            left = left.saturating_sub(costs);
            (at, discount) = (from, tier.millionths);
        }
        // What costs nothing has no end: nothing of it is counted.
        let beyond = left.checked_div(WHOLE.saturating_sub(discount).into()).unwrap_or(0);
        usd(at.saturating_add(beyond)).unwrap_or(Usd::from_nanos(i64::MAX))
    }
}

/// A list price less a discount in millionths, rounded up.
pub fn discounted(list: Usd, discount: u32) -> Usd {
    if discount == 0 {
        return list;
    }
    let left = remaining(nanos(list), discount).map(|it| it.div_ceil(WHOLE.into()));
    left.and_then(usd).unwrap_or(list)
}

/// What is missing of a plan's commitment, as a movement; it is made once for each account and
/// month, whoever asks. `None` when nothing is missing.
///
/// Ask when the month's calls are all on the books, with what they were charged together.
pub fn commitment(
    (slug, committed): (&str, Usd),
    account: &AccountId,
    month: Month,
    charged: Usd,
    at: Timestamp,
) -> Option<Movement> {
    let missing = committed.checked_sub(charged.max(Usd::ZERO)).unwrap_or(Usd::ZERO);
    (missing > Usd::ZERO).then(|| Movement {
        reference: Some(slug.to_owned()),
        note: Some(format!("commitment of {month}")),
        ..Movement::new(
            &format!("commitment/{month}/{account}"),
            account.clone(),
            Kind::Commitment,
            missing,
            at,
        )
    })
}

/// Millionths of nano-dollars that are left of `nanos`.
fn remaining(nanos: u128, discount: u32) -> Option<u128> {
    nanos.checked_mul(WHOLE.saturating_sub(discount).into())
}

/// The amount, or nothing when it is less.
fn nanos(amount: Usd) -> u128 {
    u128::try_from(amount.nanos()).unwrap_or(0)
}

fn usd(nanos: u128) -> Option<Usd> {
    i64::try_from(nanos).ok().map(Usd::from_nanos)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    fn tier(from: &str, millionths: u32) -> DiscountTier {
        DiscountTier { from: usd(from), millionths }
    }

    fn rate(model: &str, millionths: u32) -> NegotiatedRate {
        NegotiatedRate { model: model.to_owned(), millionths }
    }

    /// 5 % beyond $1,000 and 10 % beyond $5,000 a month; at least $500.
    fn team() -> Plan {
        Plan::new(PlanTerms {
            monthly_commitment: usd("500"),
            tiers: vec![tier("1000", 50_000), tier("5000", 100_000)],
            rates: vec![rate("acme/*", 200_000), rate("acme/large", 250_000)],
        })
        .unwrap()
    }

    #[test]
    fn months_by_hand() {
        for (spent, expected) in [
            ("0", "0"),
            ("-3", "0"),
            ("999.999999999", "999.999999999"),
            ("1000", "1000"),
            // 1000 + 0.95 × 1000
            ("2000", "1950"),
            // 1000 + 0.95 × 4000
            ("5000", "4800"),
            // 4800 + 0.9 × 1000
            ("6000", "5700"),
            // 1000 + 0.95 nano-dollars, up
            ("1000.000000001", "1000.000000001"),
            // 1000 + 1.9 nano-dollars, up
            ("1000.000000002", "1000.000000002"),
            ("1000.00000002", "1000.000000019"),
        ] {
            assert_eq!(team().month(usd(spent)), Some(usd(expected)), "{spent}");
        }
    }

    #[test]
    fn calls_by_hand() {
        for (model, list, spent, counts, charged) in [
            ("other/m", "1", "0", "1", "1"),
            ("other/m", "1", "1000", "1", "0.95"),
            ("other/m", "1", "7000", "1", "0.9"),
            // Half of it is in the first tier: 0.5 + 0.475
            ("other/m", "1", "999.5", "1", "0.975"),
            // Across two: 0.95 × 1 + 0.9 × 1
            ("other/m", "2", "4999", "2", "1.85"),
            // Across all: 1 + 0.95 × 4000 + 0.9 × 1
            ("other/m", "4002", "999", "4002", "3801.9"),
            // 20 % off by the author, 25 % by the model, then the tier.
            ("acme/small", "1", "0", "0.8", "0.8"),
            ("acme/large", "1", "0", "0.75", "0.75"),
            ("acme/large", "1", "1000", "0.75", "0.7125"),
            ("acme", "1", "0", "1", "1"),
            // A nano-dollar less 20 % is a nano-dollar.
            ("acme/small", "0.000000001", "0", "0.000000001", "0.000000001"),
            ("other/m", "0", "1000", "0", "0"),
        ] {
            let at_rate = discounted(usd(list), team().discount(model));
            assert_eq!(at_rate, usd(counts), "{model} {list}");
            let expected = Some(usd(charged));
            assert_eq!(
                team().charge(at_rate, usd(spent)),
                expected,
                "{model} {list} after {spent}"
            );
        }
        assert_eq!(team().charge(usd("-1"), usd("1000")), Some(Usd::ZERO));
        assert_eq!(team().charge(Usd::from_nanos(i64::MAX), usd("1")), None);
    }

    #[test]
    fn what_was_counted_is_found_again_in_what_was_charged() {
        for (charged, counted) in [
            ("0", "0"),
            ("999.5", "999.5"),
            ("1000", "1000"),
            ("1950", "2000"),
            ("4800", "5000"),
            ("5700", "6000"),
        ] {
            assert_eq!(team().counted(usd(charged)), usd(counted), "{charged}");
        }
        let free = PlanTerms { tiers: vec![tier("10", 1_000_000)], ..PlanTerms::default() };
        assert_eq!(Plan::new(free).unwrap().counted(usd("10")), usd("10"));
    }

    #[test]
    fn without_terms_the_list_counts() {
        let list = Usd::from_nanos(i64::MAX);
        let plan = Plan::default();
        assert_eq!(discounted(list, plan.discount("acme/m")), list);
        assert_eq!(plan.charge(list, Usd::ZERO), Some(list));
        assert_eq!(plan.counted(list), list);
    }

    #[test]
    fn the_rest_of_a_commitment_is_charged_once() {
        let (team, account) = (("team", usd("500")), AccountId::default());
        let october: Month = "2026-10".parse().unwrap();
        let at = Timestamp::from_unix_millis(7);
        for (charged, missing) in [
            ("0", Some("500")),
            ("499.999999999", Some("0.000000001")),
            ("500", None),
            ("501", None),
            ("-1", Some("500")),
        ] {
            let made = commitment(team, &account, october, usd(charged), at);
            assert_eq!(made.map(|it| it.amount), missing.map(usd), "{charged}");
        }
        let first = commitment(team, &account, october, usd("480"), at).unwrap();
        assert_eq!(first.id, "commitment/2026-10/default");
        assert_eq!((first.kind, first.amount), (Kind::Commitment, usd("20")));
        assert_eq!(first.reference.as_deref(), Some("team"));
        let later = commitment(team, &account, october, usd("481"), at).unwrap();
        assert_eq!(later.id, first.id);
        let next = commitment(team, &account, october.next(), usd("480"), at).unwrap();
        assert_ne!(next.id, first.id);
    }

    #[test]
    fn terms_that_contradict_are_refused() {
        let refused = |terms: PlanTerms| Plan::new(terms).unwrap_err();
        let none = PlanTerms::default;
        let monthly_commitment = usd("-1");
        assert_eq!(refused(PlanTerms { monthly_commitment, ..none() }), PlanError::Commitment);
        for (tiers, expected) in [
            (vec![tier("0", 1_000_001)], PlanError::Discount),
            (vec![tier("-1", 0)], PlanError::Tiers),
            (vec![tier("5", 0), tier("5", 1)], PlanError::Tiers),
            (vec![tier("5", 0), tier("4", 1)], PlanError::Tiers),
        ] {
            assert_eq!(refused(PlanTerms { tiers, ..none() }), expected);
        }
        for rates in [
            vec![rate("", 1)],
            vec![rate("acme", 1)],
            vec![rate("ac*", 1)],
            vec![rate("acme/m*", 1)],
            vec![rate("a/b", 1), rate("*", 1), rate("a/b", 2)],
        ] {
            assert_eq!(refused(PlanTerms { rates, ..none() }), PlanError::Rates);
        }
    }

    fn any_plan() -> impl Strategy<Value = Plan> {
        prop::collection::btree_map(0..2_000_i64, 0..=WHOLE, 0..5).prop_map(|tiers| {
            let tiers = tiers
                .into_iter()
                .map(|(from, millionths)| DiscountTier { from: Usd::from_nanos(from), millionths });
            Plan::new(PlanTerms { tiers: tiers.collect(), ..PlanTerms::default() }).unwrap()
        })
    }

    proptest! {
        /// However a month's spend is cut into calls, it costs the same.
        #[test]
        fn the_calls_of_a_month_cost_what_the_month_does(
            plan in any_plan(),
            calls in prop::collection::vec(0..500_i64, 0..20),
        ) {
            let (mut spent, mut charged) = (Usd::ZERO, Usd::ZERO);
            for list in calls {
                let costs = plan.charge(Usd::from_nanos(list), spent).unwrap();
                prop_assert!(costs >= Usd::ZERO && costs.nanos() <= list);
                spent = spent.checked_add(Usd::from_nanos(list)).unwrap();
                charged = charged.checked_add(costs).unwrap();
            }
            prop_assert_eq!(plan.month(spent), Some(charged));
        }

        /// Whoever knows only what was charged goes on with the discount that was reached.
        #[test]
        fn what_was_charged_says_what_was_counted(plan in any_plan(), spent in 0..5_000_i64) {
            let charged = plan.month(Usd::from_nanos(spent)).unwrap();
            let counted = plan.counted(charged);
            prop_assert_eq!(plan.month(counted), Some(charged));
        }
    }
}
