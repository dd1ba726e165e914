//! Which plan an account has agreed to, and since when.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tollgate_store::{DocumentBody, form};
use tollgate_types::{Timestamp, Usd};

/// The plans of an account. Its document's id is the account's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// From the first to the one in force: what a month costs is asked when it is over.
    pub plans: Vec<AgreedPlan>,
    /// Months that begin before are done with: what they cost less than agreed is charged.
    #[serde(default, with = "form")]
    pub charged_until: Option<Timestamp>,
}

/// A plan that was agreed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedPlan {
    /// Its slug; `None` when the account left its plan.
    pub plan: Option<String>,
    /// What a month costs at least, as it was agreed: a plan that is changed later changes nothing
    /// of it.
    #[serde(default, with = "form")]
    pub monthly_commitment: Usd,
    /// From when on.
    #[serde(with = "form")]
    pub since: Timestamp,
}

impl DocumentBody for Agreement {
    const KIND: &'static str = "agreement";
}

impl Agreement {
    /// The slug of the plan that was in force at an instant.
    pub fn plan_at(&self, at: Timestamp) -> Option<&str> {
        self.agreed_at(at).and_then(|it| it.plan.as_deref())
    }

    /// What was agreed to at an instant.
    pub fn agreed_at(&self, at: Timestamp) -> Option<&AgreedPlan> {
        self.plans.iter().rev().find(|it| it.since <= at)
    }

    /// What a span of time, such as a month, costs at least: of each commitment the part of the span
    /// for which it was in force, rounded down once; and the plan that was the last to commit.
    /// `None` when nothing is committed to.
    pub fn committed_in(&self, span: &Range<Timestamp>) -> Option<(&str, Usd)> {
        let whole = i128::from(millis(span.start, span.end));
        let mut last = None;
        let mut sum: i128 = 0;
        for (place, agreed) in self.plans.iter().enumerate() {
            let next = self.plans.get(place.saturating_add(1)).map_or(span.end, |it| it.since);
            let in_force = millis(agreed.since.max(span.start), next.min(span.end));
            let share =
                i128::from(agreed.monthly_commitment.nanos()).saturating_mul(in_force.into());
            if share > 0 {
                sum = sum.saturating_add(share);
                last = agreed.plan.as_deref();
            }
        }
        let nanos = i64::try_from(sum.checked_div(whole)?).ok().filter(|it| *it > 0)?;
        Some((last?, Usd::from_nanos(nanos)))
    }

    /// Notes that another plan is in force from `now` on, or the same with another commitment.
    /// Returns whether that changes anything.
    pub fn agree(&mut self, plan: Option<&str>, monthly_commitment: Usd, now: Timestamp) -> bool {
        let last = self.plans.last();
        let known =
            last.map_or((None, Usd::ZERO), |it| (it.plan.as_deref(), it.monthly_commitment));
        if known == (plan, monthly_commitment) {
            return false;
        }
        // A clock that stepped back must not put it before what was agreed to earlier.
        let since = self.plans.last().map_or(now, |last| last.since.max(now));
        self.plans.push(AgreedPlan { plan: plan.map(str::to_owned), monthly_commitment, since });
        true
    }
}

/// How long it is from one instant to another; nothing when that comes before.
fn millis(from: Timestamp, to: Timestamp) -> i64 {
    to.unix_millis().saturating_sub(from.unix_millis()).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is committed to between 100 and 200 when plans were agreed to at these instants.
    fn committed(plans: &[(i64, Option<&str>, i64)]) -> Option<(String, i64)> {
        let at = Timestamp::from_unix_millis;
        let mut agreement = Agreement::default();
        for (since, plan, nanos) in plans {
            agreement.agree(*plan, Usd::from_nanos(*nanos), at(*since));
        }
        let (plan, sum) = agreement.committed_in(&(at(100)..at(200)))?;
        Some((plan.to_owned(), sum.nanos()))
    }

    #[test]
    fn a_month_commits_to_the_part_of_it_that_a_plan_was_in_force() {
        let team = |since, nanos| (since, Some("team"), nanos);
        let left = |since| (since, None, 0);
        for (plans, expected) in [
            (vec![], None),
            (vec![team(0, 500)], Some(500)),
            (vec![team(100, 500)], Some(500)),
            (vec![team(150, 500)], Some(250)),
            (vec![team(150, 501)], Some(250)),
            (vec![team(200, 500)], None),
            (vec![team(0, 500), left(100)], None),
            (vec![team(0, 500), left(101)], Some(5)),
            // Left for an instant: it saves an instant.
            (vec![team(0, 500), left(100), team(101, 500)], Some(495)),
            (vec![team(0, 500), team(150, 1_000)], Some(750)),
            (vec![team(0, 0)], None),
            (vec![team(0, i64::MAX)], Some(i64::MAX)),
        ] {
            let expected = expected.map(|nanos| ("team".to_owned(), nanos));
            assert_eq!(committed(&plans), expected, "{plans:?}");
        }
        let changed =
            committed(&[(0, Some("large"), 100), (150, Some("team"), 50), (190, None, 0)]);
        assert_eq!(changed, Some(("team".to_owned(), 70)));
    }

    #[test]
    fn the_last_plan_that_began_is_in_force() {
        let (at, none) = (Timestamp::from_unix_millis, Usd::ZERO);
        let five = Usd::from_nanos(5);
        let mut agreement = Agreement::default();
        assert_eq!(agreement.plan_at(at(5)), None);
        assert!(!agreement.agree(None, none, at(5)));
        assert!(agreement.agree(Some("team"), none, at(10)));
        assert!(!agreement.agree(Some("team"), none, at(11)));
        assert!(agreement.agree(Some("large"), five, at(20)));
        assert!(agreement.agree(None, none, at(30)));
        for (instant, expected) in [
            (9, None),
            (10, Some("team")),
            (19, Some("team")),
            (20, Some("large")),
            (30, None),
            (99, None),
        ] {
            assert_eq!(agreement.plan_at(at(instant)), expected, "{instant}");
        }
        assert_eq!(agreement.agreed_at(at(20)).map(|it| it.monthly_commitment), Some(five));
        // The clock steps back: the new plan is in force from when the last one was.
        assert!(agreement.agree(Some("team"), five, at(25)));
        assert_eq!(agreement.plan_at(at(29)), Some("large"));
        assert_eq!(agreement.plan_at(at(30)), Some("team"));
        // The same plan, agreed to anew at another commitment.
        assert!(agreement.agree(Some("team"), none, at(40)));
        assert_eq!(agreement.agreed_at(at(39)).map(|it| it.monthly_commitment), Some(five));
    }
}
