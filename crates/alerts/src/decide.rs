//! Which alerts are due.

use tollgate_types::{Timestamp, Usd, UtcDay};

use crate::alert::date;
use crate::picture::{HOURS_PER_DAY, hour_start};
use crate::{
    BalanceSeen, BalanceWatch, BudgetSeen, Factor, Picture, Reason, Settings, SpendSeen, Spike,
    Subject,
};

/// An alert that is due, if it was not told already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// It happens once under this.
    pub key: String,
    /// What it is about.
    pub subject: Subject,
    /// Why.
    pub reason: Reason,
}

/// What a picture comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// What is due. What is due of an account is to be kept together with its watch.
    pub alerts: Vec<Due>,
    /// Accounts that have become low, or are no longer, with what is to be remembered.
    pub watches: Vec<(String, BalanceWatch)>,
}

/// Decides what is due.
pub fn decide(picture: &Picture, settings: &Settings) -> Decision {
    let mut decision = Decision::default();
    for budget in &picture.budgets {
        decision.alerts.extend(thresholds(budget, settings, picture.now));
    }
    for balance in &picture.balances {
        decision.watch(balance, settings.low_balance);
    }
    for spend in &picture.spends {
        decision.alerts.extend(spike(spend, settings, UtcDay::of(picture.now)));
        decision.alerts.extend(hourly_spike(spend, settings, picture.now));
    }
    decision
}

/// The thresholds that a budget has reached, the lowest first.
fn thresholds(
    budget: &BudgetSeen,
    settings: &Settings,
    now: Timestamp,
) -> impl Iterator<Item = Due> {
    let BudgetSeen { subject, window, limit, spent } = budget;
    let (spent_nanos, limit_nanos) = (i128::from(spent.nanos()), i128::from(limit.nanos()));
    let first_day = window.first_day(now);
    // A budget of nothing lets nothing through, and there is nothing to spend of it.
    let has_reached = move |threshold: &&u32| {
        limit_nanos > 0 && spent_nanos * 100 >= limit_nanos * i128::from(**threshold)
    };
    settings.budget_thresholds().iter().filter(has_reached).map(move |threshold| Due {
        key: key(
            "budget_threshold",
            subject,
            [
                window.as_str(),
                first_day.map_or_else(|| "ever".to_owned(), date).as_str(),
                &threshold.to_string(),
            ],
        ),
        subject: subject.clone(),
        reason: Reason::BudgetThreshold {
            window: *window,
            window_start: first_day.map(UtcDay::starts_at),
            threshold: *threshold,
            limit: *limit,
            spent: *spent,
        },
    })
}

impl Decision {
    /// An account is told of when it becomes low, and again only after it was not.
    fn watch(&mut self, seen: &BalanceSeen, threshold: Option<Usd>) {
        let Some(threshold) = threshold else { return };
        let BalanceSeen { subject, left, was_filled, watch } = seen;
        // Where nobody ever bought credit there is none to run out.
        let is_low = *was_filled && *left < threshold;
        if is_low == watch.is_low {
            return;
        }
        let episode = watch.episode.saturating_add(u64::from(is_low));
        self.watches.push((subject.id.clone(), BalanceWatch { is_low, episode }));
        if is_low {
            let parts = [episode.to_string(), threshold.to_decimal()];
            self.alerts.push(Due {
                key: key("low_balance", subject, parts.each_ref().map(String::as_str)),
                subject: subject.clone(),
                reason: Reason::LowBalance { threshold, left: *left },
            });
        }
    }
}

/// Whether a day's spend is unusual. Nothing is where nothing is usual yet.
fn spike(seen: &SpendSeen, settings: &Settings, today: UtcDay) -> Option<Due> {
    let spike = settings.spike?;
    let usual = unusual(seen.today, (seen.before, i128::from(seen.days)), spike)?;
    Some(Due {
        key: key("spend_spike", &seen.subject, [&date(today), &spike.factor.to_string()]),
        subject: seen.subject.clone(),
        reason: Reason::SpendSpike {
            day: today.starts_at(),
            spent: seen.today,
            usual,
            factor: spike.factor.to_string(),
        },
    })
}

/// Whether an hour's spend is unusual, beside the hours of all days before.
fn hourly_spike(seen: &SpendSeen, settings: &Settings, now: Timestamp) -> Option<Due> {
    let (spike, spent) = (settings.hourly_spike?, seen.hour?);
    let hours = i128::from(seen.days) * i128::from(HOURS_PER_DAY);
    let usual = unusual(spent, (seen.before, hours), spike)?;
    let hour = hour_start(now);
    let parts = [hour.to_rfc3339(), spike.factor.to_string()];
    Some(Due {
        key: key("hourly_spend_spike", &seen.subject, parts.each_ref().map(String::as_str)),
        subject: seen.subject.clone(),
        reason: Reason::HourlySpendSpike { hour, spent, usual, factor: spike.factor.to_string() },
    })
}

/// What is usual, where that is known and so much is not.
fn unusual(spent: Usd, (before, parts): (Usd, i128), spike: Spike) -> Option<Usd> {
    let total = i128::from(before.nanos());
    let is_unusual = parts > 0
        && spent > spike.floor
        && i128::from(spent.nanos()).saturating_mul(parts).saturating_mul(Factor::ONE.into())
            > total * i128::from(spike.factor.nanos());
    let usual = total.checked_div(parts).and_then(|mean| i64::try_from(mean).ok());
    is_unusual.then(|| Usd::from_nanos(usual.unwrap_or_default()))
}

/// Kind, subject, then window and threshold.
fn key<const N: usize>(kind: &str, subject: &Subject, rest: [&str; N]) -> String {
    format!("{kind}/{}/{}/{}", subject.kind.as_str(), subject.id, rest.join("/"))
}
