//! What the stores know of an account's month, as a statement.

use std::collections::HashMap;

use tollgate_ledger::{AccountId, Movement};
use tollgate_organisation::Workspace;
use tollgate_statement::{Draft, Statement, StatementError, UsageLine, UsageTable};
use tollgate_store::{ActivityQuery, ActivityRow, MovementQuery, StoreError, Stores};
use tollgate_types::{Month, Timestamp};

/// Why there is no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementFailure {
    /// The month has not begun.
    #[error("{0} has not begun")]
    NotBegun(Month),
    /// The store failed.
    #[error("the ledger can't be read")]
    Store(#[from] StoreError),
    /// It does not add up.
    #[error("the statement does not add up")]
    Unproved(#[from] StatementError),
}

/// As many rows as are read at once.
const PAGE: u32 = 1_000;

/// The statement of an account's month, with usage by model and by each of `tags`. One of a month
/// that goes on is preliminary: it ends now, and has no number.
///
/// Calls are told by model and tag as those of the workspaces that pay from the account now: a
/// workspace that has changed its account takes the month's usage along, and not what it paid.
///
/// # Errors
///
/// When the store fails, or the month has not begun; when it does not add up, which is a defect.
pub async fn statement(
    stores: &Stores,
    (installation, tags): (&str, &[String]),
    account: &AccountId,
    month: Month,
    now: Timestamp,
) -> Result<Statement, StatementFailure> {
    let instants = month.instants();
    if now < instants.start {
        return Err(StatementFailure::NotBegun(month));
    }
    let opening = stores.ledger.balance_before(account, instants.start).await?;
    let closing = stores.ledger.balance_before(account, instants.end).await?;
    let entries = entries(stores, account, month).await?;
    let workspaces = stores.documents.all::<Workspace>(None).await?;
    let payers: HashMap<String, AccountId> =
        workspaces.into_iter().map(|it| (it.id, it.body.account)).collect();
    let own = AccountId::default();
    // Who is gone, or was never made, is the installation's own.
    let is_its = |row: &ActivityRow| payers.get(&row.workspace_id).unwrap_or(&own) == account;
    let mut usage = vec![by(stores, month, None, &is_its).await?];
    for tag in tags {
        usage.push(by(stores, month, Some(tag), &is_its).await?);
    }
    Ok(Statement::new(Draft {
        installation: installation.to_owned(),
        account: account.clone(),
        month,
        sequence: (now >= instants.end).then_some(1),
        opening,
        closing,
        entries,
        usage,
    })?)
}

/// What people and payments entered in a month.
pub(crate) async fn entries(
    stores: &Stores,
    account: &AccountId,
    month: Month,
) -> Result<Vec<Movement>, StoreError> {
    let instants = month.instants();
    let mut query = MovementQuery {
        account: Some(account.clone()),
        entered_only: true,
        since: Some(instants.start),
        until: Some(instants.end),
        limit: PAGE,
        ..MovementQuery::default()
    };
    let mut entries = Vec::new();
    loop {
        let rows = stores.ledger.movements(&query).await?;
        query.before = rows.last().map(|row| row.sequence);
        entries.extend(rows.into_iter().map(|row| row.movement));
        // Every page but the last is full.
        if query.before.is_none() || entries.len() % usize::try_from(PAGE).unwrap_or(1) != 0 {
            // The newest came first.
            entries.reverse();
            return Ok(entries);
        }
    }
}

async fn by(
    stores: &Stores,
    month: Month,
    tag: Option<&str>,
    is_its: impl Fn(&ActivityRow) -> bool,
) -> Result<UsageTable, StoreError> {
    let days = month.days();
    let query = ActivityQuery {
        from: Some(days.start),
        until: Some(days.end),
        tag: tag.map(str::to_owned),
        ..ActivityQuery::default()
    };
    let rows = stores.usage.activity(&query).await?.into_iter().filter(is_its);
    let line = |row: ActivityRow| UsageLine {
        name: if tag.is_some() { row.tag_value } else { row.model },
        requests: row.sums.requests,
        prompt_tokens: row.sums.prompt_tokens,
        completion_tokens: row.sums.completion_tokens,
        amount: row.sums.spent,
    };
    Ok(UsageTable::new(tag.unwrap_or("model"), rows.map(line)))
}
