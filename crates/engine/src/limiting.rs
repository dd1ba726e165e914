//! Limits on calls: of keys, and those that the operator has set for others.
//!
//! A call takes what it may need at most from all its limits, or from none, before it is sent
//! anywhere (`tollgate-limits`), and is settled to what it used. This module knows who is limited
//! by what; what a caller is told is in `refused`, what outlives a restart in `keeping`.

mod free;
mod keeping;
mod refused;
mod rule;

use std::collections::HashSet;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;
use tollgate_limits::{Applied, Counters, Entry, Full, Limit, Measure, Scope, Snapshot, Window};
use tollgate_types::{KeyHash, Timestamp};

use crate::asked::Asked;
use crate::run::Run;
use crate::{CallError, KeyEntry, expected};

use free::Bought;
pub use refused::Limited;
pub use rule::{LimitRule, Whom};

/// All limits of a process, and what is taken of them.
#[derive(Debug)]
pub struct Limiting {
    counters: Counters,
    rules: ArcSwap<Vec<LimitRule>>,
    /// The budgets of keys that began with what the key had spent.
    begun: RwLock<HashSet<(KeyHash, Window)>>,
    bought: Bought,
    /// What was last kept, so that only what has changed is written.
    kept: Mutex<keeping::Kept>,
}

/// As many counters as there may be: at most about 200 MB.
const COUNTERS_MAX: usize = 250_000;
/// As many of them before there is none more for what callers name, so that whoever makes up names
/// takes no room from keys and models.
const COUNTERS_OF_NAMES_MAX: usize = 200_000;

/// As many limits as calls usually have.
type Limits = SmallVec<[Applied; 8]>;

impl Default for Limiting {
    fn default() -> Self {
        Self {
            counters: Counters::new(COUNTERS_MAX),
            rules: ArcSwap::default(),
            begun: RwLock::default(),
            bought: Bought::default(),
            kept: Mutex::default(),
        }
    }
}

impl Limiting {
    /// Puts the operator's limits in force. What was taken of those before stays taken.
    pub fn govern(&self, rules: Vec<LimitRule>) {
        self.rules.store(rules.into());
    }

    /// Whether what a key's calls cost is limited, whatever they are: then what has no price is not
    /// for it.
    pub(crate) fn has_budget(&self, key: &KeyEntry) -> bool {
        key.record.rate_limits.has_budget()
            || self.rules.load().iter().any(|rule| rule.limits.has_budget() && rule.is_of_key(key))
    }

    /// The limits of a planned call, with what is taken of each.
    fn of<C: Asked>(&self, run: &Run<C>, now: Timestamp) -> Result<Limits, Full> {
        let (rules, record) = (self.rules.load(), &run.key.record);
        let mut limits = Limits::new();
        if !record.rate_limits.is_empty() {
            let id = run.key.counted_as().to_hex();
            for limit in record.rate_limits.limits() {
                limits.push(self.applied(run, &limit, &id, now)?);
            }
        }
        for rule in rules.iter() {
            for id in rule.ids(run) {
                let scope = rule.whom.scope();
                for limit in rule.limits.limits() {
                    limits.push(self.applied(run, &Limit { scope, ..limit }, &id, now)?);
                }
            }
        }
        Ok(limits)
    }

    fn applied<C: Asked>(
        &self,
        run: &Run<C>,
        limit: &Limit,
        id: &str,
        now: Timestamp,
    ) -> Result<Applied, Full> {
        match (limit.scope, limit.measure) {
            (Scope::Key, Measure::Spend) => self.begin(&run.key, limit, id, now)?,
            (Scope::EndUser | Scope::Tag, _) if self.counters.len() >= COUNTERS_OF_NAMES_MAX => {
                return Err(Full);
            }
            _ => {}
        }
        self.counters.applied(limit, id, now)
    }

    /// A key's budget counts what the key had spent before there was a counter, as its usage has it.
    fn begin(&self, key: &KeyEntry, limit: &Limit, id: &str, now: Timestamp) -> Result<(), Full> {
        let place = (key.counted_as(), limit.window);
        if self.begun.read().contains(&place) {
            return Ok(());
        }
        let mut begun = self.begun.write();
        if begun.contains(&place) {
            return Ok(());
        }
        let usage = key.usage(now);
        let spent = match limit.window {
            Window::Day => usage.daily,
            Window::Week => usage.weekly,
            Window::Month => usage.monthly,
            Window::Lifetime => usage.total,
            Window::InFlight | Window::Minute => return Ok(()),
        };
        let spent = u64::try_from(spent.nanos()).unwrap_or(0);
        let entries = vec![Entry::of(limit, id, spent, now)];
        self.counters.restore(&Snapshot { entries }, now)?;
        begun.insert(place);
        Ok(())
    }
}

/// Takes what a planned call may need of all its limits.
///
/// # Errors
///
/// When there is not enough left of one of them; then nothing is taken.
pub(crate) async fn admit<C: Asked>(run: &mut Run<C>) -> Result<(), CallError> {
    let free = free::limits(run).await;
    let (limiting, now) = (run.engine.limiting(), run.engine.now());
    let of_free = free.iter().flatten();
    let of_free = of_free.map(|limit| limiting.applied(run, limit, run.key.account.as_str(), now));
    let all = limiting.of(run, now).and_then(|limits| {
        of_free.chain(limits.into_iter().map(Ok)).collect::<Result<Limits, Full>>()
    });
    let limits = all.map_err(|Full| {
        tracing::error!("a limit can't be held: there are as many counters as there may be");
        CallError::StoreBehind
    })?;
    if limits.is_empty() {
        return Ok(());
    }
    let expected = expected::expected(run, false);
    let mut admitted = tollgate_limits::admit(&limits, &expected.most, now);
    // Nobody is refused for what a model could write where waiting would not help.
    if admitted.as_ref().is_err_and(|refusal| !refusal.passes()) && expected.least != expected.most
    {
        admitted = tollgate_limits::admit(&limits, &expected.least, now);
    }
    run.held.of_limits = admitted.map_err(|refusal| {
        run.engine.metrics().limited(&refusal.limit);
        CallError::Limited(Box::new(Limited::new(refusal, now)))
    })?;
    Ok(())
}
