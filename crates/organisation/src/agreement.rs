//! Which plan an account has agreed to, and since when.

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

#[cfg(test)]
mod tests {
    use super::*;

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
