//! What is spent of budgets: those of workspaces and keys as records say, those that the operator has
//! set for others as their counters do.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_alerts::{BudgetSeen, Subject, SubjectKind, Window};
use tollgate_ledger::AccountId;
use tollgate_limits::{Limit, Scope, Window as LimitWindow};
use tollgate_store::{KeyUsage, ResetInterval, StoreError};
use tollgate_types::{Timestamp, Usd};

use super::picture::subject_of;
use crate::limiting::{ORGANISATION, of_plan};
use crate::spending::Spending;
use crate::{Engine, KeyEntry, Whom, end_user_id};

/// Everybody's.
pub(super) async fn seen(engine: &Engine, now: Timestamp) -> Result<Vec<BudgetSeen>, StoreError> {
    let mut budgets = of_workspaces(engine, now).await?;
    for key in engine.keys().entries().iter().filter(|key| !key.record.disabled) {
        budgets.extend(of_key(engine, key, now));
    }
    budgets.extend(of_others(engine, now));
    Ok(budgets)
}

/// Of several budgets for one window the smallest is what there is.
#[derive(Default)]
struct Smallest(BTreeMap<Window, (Usd, Usd)>);

impl Smallest {
    fn add(&mut self, window: Window, limit: Usd, spent: Usd) {
        let place = self.0.entry(window).or_insert((limit, spent));
        if limit < place.0 {
            *place = (limit, spent);
        }
    }

    fn of(self, subject: Subject) -> impl Iterator<Item = BudgetSeen> {
        self.0.into_iter().map(move |(window, (limit, spent))| BudgetSeen {
            subject: subject.clone(),
            window,
            limit,
            spent,
        })
    }
}

async fn of_workspaces(engine: &Engine, now: Timestamp) -> Result<Vec<BudgetSeen>, StoreError> {
    let workspaces = engine.organisation().workspaces();
    let budgets: Vec<_> = workspaces
        .iter()
        .map(|workspace| (workspace, engine.limiting().budgets_of_workspace(workspace)))
        .collect();
    let windows = budgets.iter().flat_map(|(_, limits)| limits).map(|limit| limit.window);
    let spending = Spending::read(engine.stores(), windows, now).await?;
    let mut seen = Vec::new();
    for (workspace, limits) in budgets {
        let mut smallest = Smallest::default();
        for limit in limits {
            let spent = money(spending.of(&workspace.document.id, &limit));
            if let Some(window) = window(limit.window) {
                smallest.add(window, money(limit.amount), spent);
            }
        }
        seen.extend(smallest.of(subject_of(workspace)));
    }
    Ok(seen)
}

fn of_key(engine: &Engine, key: &KeyEntry, now: Timestamp) -> impl Iterator<Item = BudgetSeen> {
    let record = &key.record;
    let usage = key.usage(now);
    let mut smallest = Smallest::default();
    for limit in engine.limiting().budgets_of_key(key) {
        if let Some(window) = window(limit.window) {
            smallest.add(window, money(limit.amount), spent_in(&usage, window, false));
        }
    }
    if let Some(limit) = record.limit {
        let window = match record.limit_reset {
            Some(ResetInterval::Daily) => Window::Daily,
            Some(ResetInterval::Weekly) => Window::Weekly,
            Some(ResetInterval::Monthly) => Window::Monthly,
            None => Window::Lifetime,
        };
        smallest.add(window, limit, spent_in(&usage, window, record.include_byok_in_limit));
    }
    let subject = Subject {
        kind: SubjectKind::Key,
        id: record.hash.to_hex(),
        name: record.name.clone(),
        workspace_id: Some(record.workspace_id.clone()),
    };
    smallest.of(subject)
}

fn spent_in(usage: &KeyUsage, window: Window, with_own: bool) -> Usd {
    let (spent, own) = match window {
        Window::Daily => (usage.daily, usage.byok_daily),
        Window::Weekly => (usage.weekly, usage.byok_weekly),
        Window::Monthly => (usage.monthly, usage.byok_monthly),
        Window::Lifetime => (usage.total, usage.byok_total),
    };
    if with_own { spent.saturating_add(own) } else { spent }
}

/// The organisation's, models', and those of the end users and tags that rules name. Callers make up
/// names: of those that no rule names nobody is told.
fn of_others(engine: &Engine, now: Timestamp) -> Vec<BudgetSeen> {
    let mut all: BTreeMap<Subject, Smallest> = BTreeMap::new();
    for rule in engine.limiting().rules().iter().filter(|rule| rule.limits.has_budget()) {
        let scope = rule.whom.scope();
        let subjects = subjects(engine, &rule.whom);
        for limit in rule.limits.limits().filter(|limit| limit.measure.is_money()) {
            let Some(window) = window(limit.window) else { continue };
            let limit = Limit { scope, ..limit };
            for subject in &subjects {
                let spent = engine.limiting().spent(&limit, &subject.id, now);
                let smallest = all.entry(subject.clone()).or_default();
                smallest.add(window, money(limit.amount), money(spent));
            }
        }
    }
    of_plans(engine, now, &mut all);
    all.into_iter().flat_map(|(subject, smallest)| smallest.of(subject)).collect()
}

/// Of accounts, by the plans that they have agreed to.
fn of_plans(engine: &Engine, now: Timestamp, all: &mut BTreeMap<Subject, Smallest>) {
    for account in accounts(engine) {
        let Some(agreed) = engine.agreed(&account, now) else { continue };
        let id = of_plan(&account);
        for limit in agreed.limits.limits().filter(|limit| limit.measure.is_money()) {
            let Some(window) = window(limit.window) else { continue };
            let limit = Limit { scope: Scope::Organisation, ..limit };
            let spent = engine.limiting().spent(&limit, &id, now);
            let subject = plain(SubjectKind::Organisation, account.as_str());
            let smallest = all.entry(subject).or_default();
            smallest.add(window, money(limit.amount), money(spent));
        }
    }
}

/// The accounts that workspaces are paid from.
fn accounts(engine: &Engine) -> BTreeSet<AccountId> {
    engine.organisation().workspaces().iter().map(|it| it.account().clone()).collect()
}

/// Somebody whose name is all that is known.
fn plain(kind: SubjectKind, id: &str) -> Subject {
    Subject { kind, id: id.to_owned(), name: id.to_owned(), workspace_id: None }
}

/// Those whom a rule is for, other than workspaces and keys.
fn subjects(engine: &Engine, whom: &Whom) -> Vec<Subject> {
    let workspaces = || engine.organisation().workspaces().into_iter();
    match whom {
        Whom::Workspace(_) | Whom::Key(_) | Whom::EndUser(None) => Vec::new(),
        Whom::Organisation => vec![plain(SubjectKind::Organisation, ORGANISATION)],
        Whom::EndUser(Some(user)) => workspaces()
            .map(|workspace| Subject {
                kind: SubjectKind::User,
                id: end_user_id(&workspace.document.id, user),
                name: user.clone(),
                workspace_id: Some(workspace.document.id.clone()),
            })
            .collect(),
        Whom::Model(Some(id)) => vec![plain(SubjectKind::Model, id)],
        Whom::Model(None) => {
            let installation = engine.installation();
            let models = installation.known().models().iter();
            models.map(|it| plain(SubjectKind::Model, it.id.as_str())).collect()
        }
        Whom::Tag { .. } => {
            whom.tag_id().map(|id| plain(SubjectKind::Tag, &id)).into_iter().collect()
        }
    }
}

const fn window(of: LimitWindow) -> Option<Window> {
    match of {
        LimitWindow::Day => Some(Window::Daily),
        LimitWindow::Week => Some(Window::Weekly),
        LimitWindow::Month => Some(Window::Monthly),
        LimitWindow::Lifetime => Some(Window::Lifetime),
        LimitWindow::Minute | LimitWindow::InFlight => None,
    }
}

/// An amount of money that limits count.
fn money(amount: u64) -> Usd {
    Usd::from_nanos(i64::try_from(amount).unwrap_or(i64::MAX))
}
