//! What there is to see now of what the operator wants to hear of: budgets, balances and spends, as
//! the records say.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_alerts::{
    BalanceSeen, BalanceWatch, HourWatch, Picture, Settings, SpendSeen, Subject, SubjectKind,
    USUAL_DAYS,
};
use tollgate_ledger::AccountId;
use tollgate_store::{Document, StoreError, UtcDay};
use tollgate_types::{Timestamp, Usd};

use super::budgets;
use crate::{Engine, WorkspaceEntry};

/// Takes the picture. Balances are looked at where credit is needed for calls.
pub(super) async fn take(engine: &Engine, settings: &Settings) -> Result<Picture, StoreError> {
    // What this node has settled is on record first.
    engine.recorder().flush().await;
    let now = engine.now();
    let mut picture =
        Picture { now, budgets: Vec::new(), balances: Vec::new(), spends: Vec::new() };
    if !settings.budget_thresholds().is_empty() {
        picture.budgets = budgets::seen(engine, now).await?;
    }
    if engine.config().billing && settings.low_balance.is_some() {
        picture.balances = balances(engine).await?;
    }
    if settings.spike.is_some() || settings.hourly_spike.is_some() {
        picture.spends = spends(engine, settings.hourly_spike.is_some(), now).await?;
    }
    Ok(picture)
}

pub(super) fn subject_of(workspace: &WorkspaceEntry) -> Subject {
    let id = workspace.document.id.clone();
    Subject {
        kind: SubjectKind::Workspace,
        name: workspace.document.body.slug.clone(),
        workspace_id: Some(id.clone()),
        id,
    }
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
async fn spends(
    engine: &Engine,
    by_hour: bool,
    now: Timestamp,
) -> Result<Vec<SpendSeen>, StoreError> {
    let today = UtcDay::of(now);
    let first = UtcDay::from_days(today.days().saturating_sub(USUAL_DAYS));
    let mut spent: BTreeMap<String, BTreeMap<UtcDay, Usd>> = BTreeMap::new();
    for row in engine.stores().usage.spent_by_day(first).await? {
        spent.entry(row.workspace_id).or_default().insert(row.day, row.usage.spent);
    }
    let of_today = |days: &BTreeMap<UtcDay, Usd>| days.get(&today).copied().unwrap_or(Usd::ZERO);
    let watch = if by_hour {
        let spent = spent.iter().map(|(id, days)| (id.clone(), of_today(days))).collect();
        Some(watched(engine, spent, now).await?)
    } else {
        None
    };
    let mut spends = Vec::new();
    for workspace in engine.organisation().workspaces() {
        let id = &workspace.document.id;
        let Some(days) = spent.get(id) else { continue };
        let before = days.range(..today).map(|(_, spent)| *spent);
        // Days without a call are as usual as others, from the first that had one.
        let since = days.keys().next().map_or(0, |day| today.days().saturating_sub(day.days()));
        spends.push(SpendSeen {
            subject: subject_of(&workspace),
            today: of_today(days),
            hour: watch.as_ref().map(|watch| watch.spent(id, of_today(days))),
            before: before.fold(Usd::ZERO, Usd::saturating_add),
            days: u32::try_from(since).unwrap_or_default(),
        });
    }
    Ok(spends)
}

/// The place of the watch among the documents of its kind.
const LAST: &str = "last";

/// What was spent of today when this hour began, of which whoever first looks in it takes note.
async fn watched(
    engine: &Engine,
    today: BTreeMap<String, Usd>,
    now: Timestamp,
) -> Result<HourWatch, StoreError> {
    let documents = &engine.stores().documents;
    let last = documents.load::<HourWatch>(LAST).await?;
    let watch = HourWatch::begin(now, today);
    let change = match last {
        Some(last) if last.body.is_of(now) => return Ok(last.body),
        Some(last) => Document { body: watch.clone(), ..last }.replacement(now)?,
        None => Document::new(LAST.to_owned(), watch.clone(), now).insertion()?,
    };
    match documents.write(vec![change]).await {
        // Another node has just taken note of much the same.
        Ok(()) | Err(StoreError::Conflict) => Ok(watch),
        Err(error) => Err(error),
    }
}
