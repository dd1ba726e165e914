//! Limits on calls: of keys, and those that the operator has set for others.
//!
//! A call takes what it may need at most from all its limits, or from none, before it is sent
//! anywhere (`tollgate-limits`), and is settled to what it used. This module knows who is limited
//! by what; what a caller is told is in `refused`, what outlives a restart in `keeping`.

mod free;
mod keeping;
mod refused;
mod rule;
mod standing;

use std::collections::HashSet;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;
use tollgate_ledger::NodeId;
use tollgate_limits::{Applied, Counters, Entry, Full, Limit, Measure, Scope, Snapshot, Window};
use tollgate_store::StoreError;
use tollgate_types::{KeyHash, Timestamp, Usd};

use crate::asked::Asked;
use crate::run::Run;
use crate::{CallError, KeyEntry, KeyRing, Organisation, PlanRow, WorkspaceEntry, expected};

use free::Bought;
pub use refused::Limited;
pub use rule::{LimitRule, Whom};
pub use standing::KeyStanding;

/// All limits of a process, and what is taken of them.
#[derive(Debug)]
pub struct Limiting {
    node: NodeId,
    is_shared: bool,
    counters: Counters,
    rules: ArcSwap<Vec<LimitRule>>,
    /// The budgets of keys that began with what the key had spent.
    begun: RwLock<HashSet<(KeyHash, Window)>>,
    /// The budgets of workspaces that began so.
    budgets_begun: RwLock<HashSet<(String, Measure, Window)>>,
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

impl Limiting {
    /// Limits of a node. `is_shared` says whether other nodes may use its store.
    pub fn new(node: NodeId, is_shared: bool) -> Self {
        Self {
            node,
            is_shared,
            counters: Counters::new(COUNTERS_MAX),
            rules: ArcSwap::default(),
            begun: RwLock::default(),
            budgets_begun: RwLock::default(),
            bought: Bought::default(),
            kept: Mutex::default(),
        }
    }

    /// Whether other nodes may use this node's store.
    pub const fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// Puts the operator's limits in force. What was taken of those before stays taken.
    pub fn govern(&self, rules: Vec<LimitRule>) {
        self.rules.store(rules.into());
    }

    /// Whether what a key's calls cost is limited, whatever they are: then what has no price is not
    /// for it.
    pub(crate) fn has_budget(
        &self,
        key: &KeyEntry,
        workspace: &WorkspaceEntry,
        agreed: Option<&PlanRow>,
    ) -> bool {
        key.record.rate_limits.has_budget()
            || agreed.is_some_and(|it| it.limits.has_budget())
            || !workspace.budgets.is_empty()
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
        if let Some(agreed) = &run.agreed {
            let id = format!("plan of {}", run.workspace.account());
            for limit in agreed.limits.limits() {
                let limit = Limit { scope: Scope::Organisation, ..limit };
                limits.push(self.applied(run, &limit, &id, now)?);
            }
        }
        for limit in &run.workspace.budgets {
            limits.push(self.applied(run, limit, &run.workspace.document.id, now)?);
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

    /// Has the budgets of workspaces count what their records say: when they begin, and again and
    /// again where other nodes write records, too.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn follow_budgets(
        &self,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let rules = self.rules.load_full();
        for workspace in organisation.workspaces() {
            let id = &workspace.document.id;
            let of_rules = rules.iter().filter(|rule| rule.is_of_workspace(id));
            let of_rules = of_rules.flat_map(|rule| rule.limits.limits());
            let of_rules = of_rules.filter(|limit| limit.measure.is_money());
            let of_rules = of_rules.map(|limit| Limit { scope: Scope::Workspace, ..limit });
            for limit in of_rules.chain(workspace.budgets.iter().copied()) {
                let place = (id.clone(), limit.measure, limit.window);
                if !self.is_shared && self.budgets_begun.read().contains(&place) {
                    continue;
                }
                let spent = organisation.spent(id, &limit, now).await?;
                let entries = vec![Entry::of(&limit, id, spent, now)];
                if self.counters.restore(&Snapshot { entries }, now).is_err() {
                    tracing::error!(workspace = id, "a budget can't be held: too many counters");
                }
                self.budgets_begun.write().insert(place);
            }
        }
        Ok(())
    }

    /// Has the budgets of keys count what the keys have spent at all nodes, as the ring knows it.
    pub fn follow_keys(&self, keys: &KeyRing, now: Timestamp) {
        let mut entries = Vec::new();
        for key in keys.limited() {
            let id = key.counted_as().to_hex();
            for limit in key.record.rate_limits.limits().filter(|it| it.measure == Measure::Spend) {
                if !self.begun.read().contains(&(key.counted_as(), limit.window)) {
                    continue;
                }
                if let Some(spent) = spent_in(&key, limit.window, now) {
                    entries.push(Entry::of(&limit, &id, amount(spent), now));
                }
            }
        }
        if self.counters.restore(&Snapshot { entries }, now).is_err() {
            tracing::error!("not all budgets of keys have room");
        }
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
        let Some(spent) = spent_in(key, limit.window, now) else { return Ok(()) };
        let entries = vec![Entry::of(limit, id, amount(spent), now)];
        self.counters.restore(&Snapshot { entries }, now)?;
        begun.insert(place);
        Ok(())
    }
}

/// What a key has spent in the present window.
fn spent_in(key: &KeyEntry, window: Window, now: Timestamp) -> Option<Usd> {
    let usage = key.usage(now);
    match window {
        Window::Day => Some(usage.daily),
        Window::Week => Some(usage.weekly),
        Window::Month => Some(usage.monthly),
        Window::Lifetime => Some(usage.total),
        Window::InFlight | Window::Minute => None,
    }
}

/// An amount of money as limits count it: less than nothing is nothing.
pub(crate) fn amount(of: Usd) -> u64 {
    u64::try_from(of.nanos()).unwrap_or(0)
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
    let of_free =
        of_free.map(|limit| limiting.applied(run, limit, run.workspace.account().as_str(), now));
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
    let expected = expected::expected(run);
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
