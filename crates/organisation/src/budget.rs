//! What a workspace may spend (contract §1.6).

use serde::{Deserialize, Serialize};
use tollgate_store::form;
use tollgate_types::{Timestamp, Usd};

use crate::Refused;

/// How often a budget begins anew. Periods are UTC; weeks start on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BudgetInterval {
    /// Every day.
    Daily,
    /// Every Monday.
    Weekly,
    /// On the first of every month.
    Monthly,
    /// Never.
    Lifetime,
}

impl BudgetInterval {
    /// Every interval, the shortest first.
    pub const ALL: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Lifetime];

    /// The word for it, as in the API's paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Lifetime => "lifetime",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// What the contract calls it in a record: nothing for a whole life.
    pub const fn reset_interval(self) -> Option<&'static str> {
        match self {
            Self::Lifetime => None,
            other => Some(other.as_str()),
        }
    }
}

/// One budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// A UUID.
    pub id: String,
    /// What may be spent.
    #[serde(with = "form")]
    pub limit: Usd,
    /// When it was first set.
    #[serde(with = "form")]
    pub created_at: Timestamp,
    /// When it was last set.
    #[serde(with = "form")]
    pub updated_at: Timestamp,
}

/// The budgets of a workspace, one for each interval at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budgets {
    daily: Option<Budget>,
    weekly: Option<Budget>,
    monthly: Option<Budget>,
    lifetime: Option<Budget>,
}

impl Budgets {
    /// The budget of an interval.
    pub const fn get(&self, interval: BudgetInterval) -> Option<&Budget> {
        match interval {
            BudgetInterval::Daily => self.daily.as_ref(),
            BudgetInterval::Weekly => self.weekly.as_ref(),
            BudgetInterval::Monthly => self.monthly.as_ref(),
            BudgetInterval::Lifetime => self.lifetime.as_ref(),
        }
    }

    /// All that are set, the shortest interval first.
    pub fn iter(&self) -> impl Iterator<Item = (BudgetInterval, &Budget)> {
        BudgetInterval::ALL.into_iter().filter_map(|it| self.get(it).map(|budget| (it, budget)))
    }

    /// Sets a budget, which keeps its id and the time it was first set.
    ///
    /// # Errors
    ///
    /// When it is nothing, or not less than that of a longer interval and more than that of a
    /// shorter one (contract §1.6).
    pub fn set(
        &mut self,
        interval: BudgetInterval,
        limit: Usd,
        (id, now): (String, Timestamp),
    ) -> Result<&Budget, Refused> {
        if limit <= Usd::ZERO {
            return Err(Refused::new("limit_usd", "Must be more than 0"));
        }
        for (other, budget) in self.iter() {
            let fits = match (rank(other), rank(interval)) {
                (other, this) if other < this => budget.limit < limit,
                (other, this) if other > this => budget.limit > limit,
                _ => true,
            };
            if !fits {
                let (than, word) = if rank(other) < rank(interval) {
                    ("more", "shorter")
                } else {
                    ("less", "longer")
                };
                let why = format!(
                    "A {} budget must be {than} than that of a {word} interval, and the {} one is {}",
                    interval.as_str(),
                    other.as_str(),
                    budget.limit
                );
                return Err(Refused::new("limit_usd", why));
            }
        }
        let place = self.place(interval);
        let (id, created_at) = match place.take() {
            Some(before) => (before.id, before.created_at),
            None => (id, now),
        };
        Ok(place.insert(Budget { id, limit, created_at, updated_at: now }))
    }

    /// Removes a budget, if there is one.
    pub fn remove(&mut self, interval: BudgetInterval) -> bool {
        self.place(interval).take().is_some()
    }

    const fn place(&mut self, interval: BudgetInterval) -> &mut Option<Budget> {
        match interval {
            BudgetInterval::Daily => &mut self.daily,
            BudgetInterval::Weekly => &mut self.weekly,
            BudgetInterval::Monthly => &mut self.monthly,
            BudgetInterval::Lifetime => &mut self.lifetime,
        }
    }
}

const fn rank(interval: BudgetInterval) -> u8 {
    match interval {
        BudgetInterval::Daily => 0,
        BudgetInterval::Weekly => 1,
        BudgetInterval::Monthly => 2,
        BudgetInterval::Lifetime => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(budgets: &mut Budgets, interval: &str, dollars: i64) -> Result<Budget, Refused> {
        let interval = BudgetInterval::parse(interval).unwrap();
        let limit = Usd::from_nanos(dollars * 1_000_000_000);
        let at = Timestamp::from_unix_millis(dollars);
        budgets.set(interval, limit, (format!("id-{dollars}"), at)).cloned()
    }

    #[test]
    fn section_1_6_budgets_shrink_with_their_interval() {
        let mut budgets = Budgets::default();
        set(&mut budgets, "monthly", 100).unwrap();
        set(&mut budgets, "daily", 10).unwrap();
        for (interval, dollars) in
            [("weekly", 100), ("weekly", 10), ("daily", 100), ("lifetime", 100), ("monthly", 10)]
        {
            let refused = set(&mut budgets, interval, dollars).unwrap_err();
            assert_eq!(refused.field, "limit_usd", "{interval} {dollars}");
        }
        assert!(set(&mut budgets, "weekly", 0).is_err());
        set(&mut budgets, "weekly", 50).unwrap();
        set(&mut budgets, "lifetime", 101).unwrap();
        let set: Vec<_> = budgets.iter().map(|(interval, _)| interval.as_str()).collect();
        assert_eq!(set, ["daily", "weekly", "monthly", "lifetime"]);
    }

    #[test]
    fn a_budget_that_is_set_again_stays_the_same_one() {
        let mut budgets = Budgets::default();
        set(&mut budgets, "daily", 10).unwrap();
        let again = set(&mut budgets, "daily", 12).unwrap();
        assert_eq!((again.id.as_str(), again.created_at.unix_millis()), ("id-10", 10));
        assert_eq!(again.updated_at.unix_millis(), 12);
        assert!(budgets.remove(BudgetInterval::Daily));
        assert!(!budgets.remove(BudgetInterval::Daily));
    }
}
