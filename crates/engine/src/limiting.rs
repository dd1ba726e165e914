//! Limits on calls: of keys, and those that the operator has set for others.
//!
//! A call takes what it may need at most from all its limits, or from none, before it is sent
//! anywhere (`tollgate-limits`), and is settled to what it used. This module knows who is limited
//! by what; what a caller is told is in `refused`, what outlives a restart in `keeping`.

mod by_model;
mod caps;
mod free;
mod keeping;
mod named;
mod refused;
mod rule;
mod standing;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;
use tollgate_catalog::Endpoint;
use tollgate_ledger::{AccountId, NodeId};
use tollgate_limits::{
    Applied, Counters, Entry, Full, Limit, Load, Measure, Refusal, Scope, Share, Snapshot, Window,
};
use tollgate_routing::Plan;
use tollgate_store::{Heard, StoreError, Stores};
use tollgate_types::{KeyHash, Timestamp, Usd};

use crate::asked::Asked;
use crate::expected::{Expected, Reckoned};
use crate::run::Run;
use crate::spending::Spending;
use crate::{Allotments, CallError, KeyEntry, KeyRing, Organisation, PlanRow, WorkspaceEntry};

pub(crate) use by_model::{ByModel, last_word};
use free::Bought;
pub use named::Nobody;
pub use refused::Limited;
pub(crate) use rule::ORGANISATION;
pub use rule::{LimitRule, Whom};
pub use standing::KeyStanding;

/// All limits of a process, and what is taken of them.
#[derive(Debug)]
pub struct Limiting {
    node: NodeId,
    /// What this node may let be spent of budgets; none where it is the only one.
    allotments: Option<Arc<Allotments>>,
    counters: Counters,
    rules: ArcSwap<Vec<LimitRule>>,
    /// The budgets of keys that began with what the key had spent.
    begun: RwLock<HashSet<(KeyHash, Window)>>,
    /// The budgets of workspaces that began so.
    budgets_begun: RwLock<HashSet<(String, Measure, Window)>>,
    bought: Bought,
    /// What workspaces have of the room for counters of what callers name.
    shares: Mutex<HashMap<String, Share>>,
    /// What was last kept, so that only what has changed is written.
    kept: Mutex<keeping::Kept>,
    /// How far it was heard what other nodes told.
    heard: Mutex<Heard>,
    /// Whether something of it had no room.
    has_missed: AtomicBool,
}

/// As many counters as there may be: at most about 320 MB.
const COUNTERS_MAX: usize = 250_000;
/// As many of them before there is no new one for what callers name, so that whoever makes up names
/// takes no room from keys and models. Each workspace has a share of it.
const COUNTERS_OF_NAMES_MAX: usize = 200_000;

/// As many limits as calls usually have.
type Limits = SmallVec<[Applied; 8]>;

impl Limiting {
    /// Limits of a node; with what it is allotted of them where other nodes may use its store.
    pub fn new(node: NodeId, allotments: Option<Allotments>) -> Self {
        Self {
            node,
            allotments: allotments.map(Arc::new),
            counters: Counters::new(COUNTERS_MAX),
            rules: ArcSwap::default(),
            begun: RwLock::default(),
            budgets_begun: RwLock::default(),
            bought: Bought::default(),
            shares: Mutex::default(),
            kept: Mutex::default(),
            heard: Mutex::default(),
            has_missed: AtomicBool::new(false),
        }
    }

    /// This node.
    pub const fn node(&self) -> &NodeId {
        &self.node
    }

    /// Whether other nodes may use this node's store.
    pub const fn is_shared(&self) -> bool {
        self.allotments.is_some()
    }

    /// What this node may let be spent; none where it is the only one.
    pub const fn allotments(&self) -> Option<&Arc<Allotments>> {
        self.allotments.as_ref()
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
            || (self.rules.load().iter())
                .any(|rule| rule.limits.has_budget() && rule.is_of_key(key, workspace))
    }

    /// The limits of a planned call that don't depend on the model, with what is taken of each.
    fn of<C: Asked>(&self, run: &Run<C>, now: Timestamp) -> Result<Limits, Full> {
        let (rules, record) = (self.rules.load(), &run.key.record);
        let mut limits = Limits::new();
        if !record.rate_limits.is_empty() {
            limits.extend(self.of_key(&run.key, now)?.iter().cloned());
        }
        if let Some(agreed) = &run.agreed {
            let id = of_plan(run.workspace.account());
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

    /// The limits of a model by itself, with what is taken of each.
    fn of_model(&self, model: &str, now: Timestamp) -> Result<Limits, Full> {
        let rules = self.rules.load();
        let of_it = rules.iter().filter(|rule| rule.is_of_model(model));
        let of_it = of_it.flat_map(|rule| rule.limits.limits());
        let of_it = of_it.map(|limit| Limit { scope: Scope::Model, ..limit });
        of_it.map(|limit| self.counters.applied(&limit, model, now)).collect()
    }

    /// A limit of free models, with what a call's account has taken of it.
    fn of_free_models<C: Asked>(
        &self,
        run: &Run<C>,
        limit: &Limit,
        now: Timestamp,
    ) -> Result<Applied, Full> {
        self.counters.applied(limit, run.workspace.account().as_str(), now)
    }

    /// Whether a model of a plan is limited by itself.
    fn limits_any_of(&self, plan: &Plan) -> bool {
        let rules = self.rules.load();
        let mut of_models = rules.iter().filter(|rule| matches!(rule.whom, Whom::Model(_)));
        of_models.any(|rule| {
            plan.steps.iter().any(|step| rule.is_of_model(step.endpoint.model.id.as_str()))
        })
    }

    /// What a key's own limits have counted: looked for once.
    fn of_key<'a>(&self, key: &'a KeyEntry, now: Timestamp) -> Result<&'a [Applied], Full> {
        if let Some(known) = key.limits.get() {
            return Ok(known);
        }
        let id = key.counted_as().to_hex();
        let mut limits = Vec::new();
        for limit in key.record.rate_limits.limits() {
            if limit.measure == Measure::Spend {
                self.begin(key, &limit, &id, now)?;
            }
            limits.push(self.counters.applied(&limit, &id, now)?);
        }
        Ok(key.limits.get_or_init(|| limits))
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
            (Scope::EndUser | Scope::Tag, _) => {
                return self.named(&run.key.record.workspace_id, limit, id, now);
            }
            _ => {}
        }
        self.counters.applied(limit, id, now)
    }

    /// A limit of what callers of a workspace name. Names that are known are found however many
    /// there are.
    fn named(
        &self,
        workspace_id: &str,
        limit: &Limit,
        id: &str,
        now: Timestamp,
    ) -> Result<Applied, Full> {
        if let Some(known) = self.counters.known(limit, id) {
            return Ok(known);
        }
        let share = self.shares.lock().entry(workspace_id.to_owned()).or_default().clone();
        self.counters.applied_within((&share, COUNTERS_OF_NAMES_MAX), limit, id, now)
    }

    /// The operator's limits.
    pub(crate) fn rules(&self) -> Arc<Vec<LimitRule>> {
        self.rules.load_full()
    }

    /// What is spent of a budget, calls under way apart, at all nodes as far as it was heard.
    pub(crate) fn spent(&self, limit: &Limit, id: &str, now: Timestamp) -> u64 {
        self.counters.known(limit, id).map_or(0, |applied| applied.settled(now))
    }

    /// What may be spent on a workspace's calls together: its own budgets, and the operator's.
    pub(crate) fn budgets_of_workspace(&self, workspace: &WorkspaceEntry) -> Vec<Limit> {
        let rules = self.rules.load();
        let of_it = rules.iter().filter(|rule| rule.is_of_workspace(workspace));
        let of_it = of_it.flat_map(|rule| rule.limits.limits());
        let of_it = of_it.filter(|limit| limit.measure.is_money());
        let of_it = of_it.map(|limit| Limit { scope: Scope::Workspace, ..limit });
        of_it.chain(workspace.budgets.iter().copied()).collect()
    }

    /// What may be spent with a key: its own budgets, and the operator's.
    pub(crate) fn budgets_of_key(&self, key: &KeyEntry) -> Vec<Limit> {
        let rules = self.rules.load();
        let of_it = rules.iter().filter(|rule| rule.is_of_one_key(key));
        let of_it = of_it.flat_map(|rule| rule.limits.limits());
        let all = of_it.chain(key.record.rate_limits.limits());
        all.filter(|limit| limit.measure == Measure::Spend).collect()
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
        stores: &Stores,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut budgets = BTreeMap::new();
        for workspace in organisation.workspaces() {
            let id = &workspace.document.id;
            for limit in self.budgets_of_workspace(&workspace) {
                let place = (id.clone(), limit.measure, limit.window);
                if self.is_shared() || !self.budgets_begun.read().contains(&place) {
                    budgets.insert(place, limit);
                }
            }
        }
        let windows = budgets.values().map(|limit| limit.window);
        let spending = Spending::read(stores, windows, now).await?;
        let entry = |((id, ..), limit): (&(String, _, _), &Limit)| {
            Entry::of(limit, id, spending.of(id, limit), now)
        };
        let entries = budgets.iter().map(entry).collect();
        if self.counters.restore(&Snapshot { entries }, now).is_err() {
            tracing::error!("not all budgets of workspaces have room");
        }
        self.budgets_begun.write().extend(budgets.into_keys());
        Ok(())
    }

    /// Takes up what all keys have spent at all nodes, as the records say, and has their budgets
    /// count it.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn follow_keys(&self, keys: &KeyRing, now: Timestamp) -> Result<(), StoreError> {
        let known = keys.entries();
        keys.follow_spend(&known, now).await?;
        let mut entries = Vec::new();
        for key in known {
            let id = key.counted_as().to_hex();
            for limit in self.budgets_of_key(&key) {
                if self.begun.read().contains(&(key.counted_as(), limit.window))
                    && let Some(spent) = spent_in(&key, limit.window, now)
                {
                    entries.push(Entry::of(&limit, &id, amount(spent), now));
                }
            }
        }
        if self.counters.restore(&Snapshot { entries }, now).is_err() {
            tracing::error!("not all budgets of keys have room");
        }
        Ok(())
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

/// What the limits of an account's plan are counted under.
pub(crate) fn of_plan(account: &AccountId) -> String {
    format!("plan of {account}")
}

/// Takes what a planned call may need of its limits, as `reckoned`: of all that don't depend on the
/// model, and of its first model's. What other models take is taken when they are asked.
///
/// # Errors
///
/// When there is not enough left of one of them; then nothing is taken.
pub(crate) async fn admit<C: Asked>(
    run: &mut Run<C>,
    reckoned: &mut Reckoned,
) -> Result<(), CallError> {
    let by_model = ByModel::of(run).await;
    let now = run.engine.now();
    let limits = limits_of(run, now)?;
    if let Some(by_model) = by_model {
        return by_model::admit(run, by_model, limits, reckoned);
    }
    if limits.is_empty() {
        return Ok(());
    }
    let Expected { most, least } = reckoned.of(run);
    take(run, &limits, (&most, &least), now)
}

/// Takes a call that nobody is asked for of its limits on requests, whatever is left of others, and
/// of those of the model whose answer is told again; `made_at` is where that was made.
///
/// # Errors
///
/// When there are as many requests as there may be; then nothing is taken.
pub(crate) async fn admit_request<C: Asked>(
    run: &mut Run<C>,
    model: &str,
    made_at: Option<&Endpoint>,
) -> Result<(), CallError> {
    let is_free = made_at.is_some_and(|it| free::is_free(run, it));
    let free = if is_free { free::limits(run).await } else { None };
    let (limiting, now) = (run.engine.limiting(), run.engine.now());
    let mut limits = limits_of(run, now)?;
    limits.extend(limiting.of_model(model, now).map_err(has_no_room)?);
    for limit in free.iter().flatten() {
        limits.push(limiting.of_free_models(run, limit, now).map_err(has_no_room)?);
    }
    limits.retain(|limit| limit.limit().measure == Measure::Requests);
    take(run, &limits, (&Load::default(), &Load::default()), now)
}

/// All limits of a planned call that don't depend on the model.
fn limits_of<C: Asked>(run: &Run<C>, now: Timestamp) -> Result<Limits, CallError> {
    run.engine.limiting().of(run, now).map_err(has_no_room)
}

fn has_no_room(_: Full) -> CallError {
    tracing::error!("a limit can't be held: there are as many counters as there may be");
    CallError::StoreBehind
}

/// Takes what a call may need of its limits. Nobody is refused for what a model could read or write.
fn take<C: Asked>(
    run: &mut Run<C>,
    limits: &Limits,
    need: (&Load, &Load),
    now: Timestamp,
) -> Result<(), CallError> {
    let admitted = tollgate_limits::admit_within(limits, need, now);
    run.held.of_limits = admitted.map_err(|refusal| refused(run, refusal))?;
    Ok(())
}

fn refused<C: Asked>(run: &Run<C>, refusal: Refusal) -> CallError {
    run.engine.metrics().limited(&refusal.limit);
    CallError::Limited(Box::new(Limited::new(refusal, run.engine.now())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However full it is, whoever is known goes on, and so does the next workspace.
    #[test]
    fn made_up_names_shut_nobody_else_out() {
        let limiting = Limiting::new(NodeId::new("a"), None);
        let now = Timestamp::from_unix_millis(1_790_000_000_000);
        let limit = Limit {
            scope: Scope::EndUser,
            measure: Measure::Requests,
            window: Window::Day,
            amount: 5,
        };
        let names = |workspace: &str, id: &str| limiting.named(workspace, &limit, id, now);
        assert!(names("one", "ann").is_ok());
        let made_up = (0..COUNTERS_MAX).take_while(|n| names("one", &n.to_string()).is_ok());
        assert_eq!(made_up.count() + 1, COUNTERS_OF_NAMES_MAX * 3 / 4);
        assert!(names("one", "new").is_err());
        assert!(names("one", "ann").is_ok());
        assert!(names("other", "new").is_ok());
    }
}
