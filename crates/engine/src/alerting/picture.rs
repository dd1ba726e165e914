//! What there is to see now: budgets, balances and spends, as the records say.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_alerts::{
    BalanceSeen, BalanceWatch, BudgetSeen, Picture, SpendSeen, Subject, SubjectKind, USUAL_DAYS,
    Window,
};
use tollgate_ledger::AccountId;
use tollgate_limits::{Measure, Window as LimitWindow};
use tollgate_store::{ActivityQuery, KeyRecord, KeyUsage, ResetInterval, StoreError, UtcDay};
use tollgate_types::{Timestamp, Usd};

use crate::{Engine, WorkspaceEntry};

/// Takes the picture. Balances are looked at where credit is needed for calls and low ones are
/// told of.
pub(super) async fn take(engine: &Engine, low_balance: Option<Usd>) -> Result<Picture, StoreError> {
    // What this node has settled is on record first.
    engine.recorder().flush().await;
    let now = engine.now();
    let mut budgets = of_workspaces(engine, now).await?;
    budgets.extend(of_keys(engine, now).await?);
    let watches = engine.config().billing && low_balance.is_some();
    let balances = if watches { balances(engine).await? } else { Vec::new() };
    Ok(Picture { now, budgets, balances, spends: spends(engine, UtcDay::of(now)).await? })
}

async fn of_workspaces(engine: &Engine, now: Timestamp) -> Result<Vec<BudgetSeen>, StoreError> {
    let organisation = engine.organisation();
    let mut budgets = Vec::new();
    for workspace in organisation.workspaces() {
        for limit in &workspace.budgets {
            let Some(window) = window(limit.window) else { continue };
            let spent = organisation.spent(&workspace.document.id, limit, now).await?;
            budgets.push(BudgetSeen {
                subject: subject_of(&workspace),
                window,
                limit: money(limit.amount),
                spent: money(spent),
            });
        }
    }
    Ok(budgets)
}

fn subject_of(workspace: &WorkspaceEntry) -> Subject {
    let id = workspace.document.id.clone();
    Subject {
        kind: SubjectKind::Workspace,
        name: workspace.document.body.slug.clone(),
        workspace_id: Some(id.clone()),
        id,
    }
}

async fn of_keys(engine: &Engine, now: Timestamp) -> Result<Vec<BudgetSeen>, StoreError> {
    let keys = engine.stores().keys.all().await?;
    let with_budgets = |key: &KeyRecord| key.limit.is_some() || key.rate_limits.has_budget();
    if !keys.iter().any(with_budgets) {
        return Ok(Vec::new());
    }
    let usage: BTreeMap<_, _> =
        engine.stores().usage.all_key_usage(now).await?.into_iter().collect();
    let mut budgets = Vec::new();
    for key in keys.iter().filter(|key| !key.disabled) {
        let spent = usage.get(&key.hash).copied().unwrap_or_default();
        budgets.extend(of_key(key, &spent));
    }
    Ok(budgets)
}

/// The budgets of a key. Of two for one window the smaller is what there is.
fn of_key(key: &KeyRecord, usage: &KeyUsage) -> Vec<BudgetSeen> {
    let rates = key.rate_limits.limits().filter(|it| it.measure == Measure::Spend);
    let rates = rates.filter_map(|it| Some((window(it.window)?, money(it.amount), false)));
    let own = key.limit.map(|limit| {
        let window = match key.limit_reset {
            Some(ResetInterval::Daily) => Window::Daily,
            Some(ResetInterval::Weekly) => Window::Weekly,
            Some(ResetInterval::Monthly) => Window::Monthly,
            None => Window::Lifetime,
        };
        (window, limit, key.include_byok_in_limit)
    });
    let mut smallest: BTreeMap<Window, (Usd, bool)> = BTreeMap::new();
    for (window, limit, with_own) in rates.chain(own) {
        let place = smallest.entry(window).or_insert((limit, with_own));
        if limit < place.0 {
            *place = (limit, with_own);
        }
    }
    let hash = key.hash.to_hex();
    let seen = smallest.into_iter().map(|(window, (limit, with_own))| BudgetSeen {
        subject: Subject {
            kind: SubjectKind::Key,
            id: hash.clone(),
            name: key.name.clone(),
            workspace_id: Some(key.workspace_id.clone()),
        },
        window,
        limit,
        spent: spent_in(usage, window, with_own),
    });
    seen.collect()
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

/// The accounts that workspaces are paid from.
async fn balances(engine: &Engine) -> Result<Vec<BalanceSeen>, StoreError> {
    let workspaces = engine.organisation().workspaces();
    let accounts: BTreeSet<AccountId> =
        workspaces.iter().map(|workspace| workspace.account().clone()).collect();
    let mut balances = Vec::new();
    for account in accounts {
        let balance = engine.stores().ledger.balance(&account).await?;
        let id = account.as_str().to_owned();
        let watch = engine.stores().documents.load::<BalanceWatch>(&id).await?;
        balances.push(BalanceSeen {
            left: balance.available.saturating_add(balance.held),
            // What was taken back again leaves nothing credited, and calls may have spent it.
            was_filled: balance.credited != Usd::ZERO || balance.charged() != Usd::ZERO,
            watch: watch.map(|watch| watch.body).unwrap_or_default(),
            subject: Subject {
                kind: SubjectKind::Account,
                name: id.clone(),
                workspace_id: None,
                id,
            },
        });
    }
    Ok(balances)
}

/// What each workspace spends today and spent on the days before.
async fn spends(engine: &Engine, today: UtcDay) -> Result<Vec<SpendSeen>, StoreError> {
    let first = UtcDay::from_days(today.days().saturating_sub(USUAL_DAYS));
    let until = UtcDay::from_days(today.days().saturating_add(1));
    let query = ActivityQuery { from: Some(first), until: Some(until), ..ActivityQuery::default() };
    let mut spent: BTreeMap<String, BTreeMap<UtcDay, Usd>> = BTreeMap::new();
    for row in engine.stores().usage.activity(&query).await? {
        let day = spent.entry(row.workspace_id).or_default().entry(row.day).or_insert(Usd::ZERO);
        *day = day.saturating_add(row.sums.spent);
    }
    let mut spends = Vec::new();
    for workspace in engine.organisation().workspaces() {
        let Some(days) = spent.get(&workspace.document.id) else { continue };
        let before = days.range(..today).map(|(_, spent)| *spent);
        // Days without a call are as usual as others, from the first that had one.
        let since = days.keys().next().map_or(0, |day| today.days().saturating_sub(day.days()));
        spends.push(SpendSeen {
            subject: subject_of(&workspace),
            today: days.get(&today).copied().unwrap_or(Usd::ZERO),
            before: before.fold(Usd::ZERO, Usd::saturating_add),
            days: u32::try_from(since).unwrap_or_default(),
        });
    }
    Ok(spends)
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
