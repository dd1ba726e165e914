//! What the stores know of an account's month, as a statement.
//!
//! A month that is over for two hours has a number, and its statement is kept from the first time
//! it is told: whatever comes later with a time in it is told in the next one, as a correction. So
//! statements are made in their order, each going on from where the one before it has ended.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tollgate_ledger::{AccountId, Balance, DEFAULT_ACCOUNT, Movement};
use tollgate_organisation::Workspace;
use tollgate_statement::{Draft, Issued, Statement, StatementError, UsageLine, UsageTable};
use tollgate_store::{
    ActivityQuery, ActivityRow, Document, DocumentBody, DocumentQuery, MovementQuery, RowTime,
    StoreError, Stores, ToldApart,
};
use tollgate_types::{Month, Timestamp, Usd};

/// Why there is no statement.
#[derive(Debug, thiserror::Error)]
pub enum StatementFailure {
    /// The month has not begun.
    #[error("{0} has not begun")]
    NotBegun(Month),
    /// Nobody knows the account.
    #[error(
        "there is no account {0}: no workspace pays from it, and the ledger knows nothing of it"
    )]
    NoSuchAccount(AccountId),
    /// The month was over before anything happened.
    #[error("nothing had happened to the account {0} by the end of {1}")]
    NothingYet(AccountId, Month),
    /// A later month was told of before anything was known of this one.
    #[error(
        "the statements of the account {0} begin behind {1}; what was settled later is a correction in one of them"
    )]
    BeforeTheFirst(AccountId, Month),
    /// The store failed.
    #[error("the ledger can't be read")]
    Store(#[from] StoreError),
    /// It does not add up.
    #[error("the statement does not add up")]
    Unproved(#[from] StatementError),
}

/// A statement that was told with its number.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct IssuedStatement(Issued);

impl DocumentBody for IssuedStatement {
    const KIND: &'static str = "statement";
}

/// Who issues statements, and by what they tell usage besides models.
#[derive(Debug, Clone, Copy)]
struct Issuer<'a> {
    stores: &'a Stores,
    installation: &'a str,
    tags: &'a [String],
    account: &'a AccountId,
    now: Timestamp,
}

/// How long calls that were under way at a month's end have to be settled.
const GRACE: Duration = Duration::from_hours(2);
/// As many rows as are read at once.
const PAGE: u32 = 1_000;
/// How often it is read again when something has moved between two reads.
const TRIES: u32 = 5;

/// The statement of an account's month, with usage by model and by each of `tags`. One of a month
/// that goes on, or has been over for less than two hours, is preliminary and has no number.
///
/// Calls are told by model and tag as those of the workspaces that pay from the account now: a
/// workspace that has changed its account takes the month's usage along, and not what it paid.
///
/// # Errors
///
/// When the store fails, or there is nothing to tell; when it does not add up, which is a defect.
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
    let issuer = Issuer { stores, installation, tags, account, now };
    if let Some(issued) = issuer.issued(month).await? {
        return Ok(issued);
    }
    if issuer.first_month().await?.is_none_or(|first| first > month) {
        issuer.is_known().await?;
        if now >= instants.end {
            return Err(StatementFailure::NothingYet(account.clone(), month));
        }
    }
    let grace = i64::try_from(GRACE.as_millis()).unwrap_or(i64::MAX);
    if now >= instants.end.plus_millis(grace) {
        return issuer.issue_up_to(month).await;
    }
    let before = issuer.issued(month.previous()).await?;
    issuer.made(month, None, before.map(|it| *it.counted())).await
}

impl Issuer<'_> {
    fn id(&self, month: Month) -> String {
        format!("{}/{month}", self.account)
    }

    /// What was told of a month.
    async fn issued(&self, month: Month) -> Result<Option<Statement>, StoreError> {
        let id = self.id(month);
        let known = self.stores.documents.load::<IssuedStatement>(&id).await?;
        known.map(|it| read(it.body, &id)).transpose()
    }

    /// Whether anybody pays from the account, or ever has.
    async fn is_known(&self) -> Result<(), StatementFailure> {
        if self.account.as_str() == DEFAULT_ACCOUNT || self.first_month().await?.is_some() {
            return Ok(());
        }
        let workspaces = self.stores.documents.all::<Workspace>(None).await?;
        if workspaces.iter().any(|it| it.body.account == *self.account) {
            return Ok(());
        }
        Err(StatementFailure::NoSuchAccount(self.account.clone()))
    }

    /// The month of the account's first movement.
    async fn first_month(&self) -> Result<Option<Month>, StoreError> {
        self.stores.ledger.first_month(self.account).await
    }

    /// Issues a month's statement, and before it those of all months before that have none yet:
    /// what a later one begins with is what the one before has told.
    async fn issue_up_to(&self, month: Month) -> Result<Statement, StatementFailure> {
        let own = DocumentQuery {
            limit: 1,
            after: Some(self.id(month)),
            ..DocumentQuery::of::<IssuedStatement>().in_parent(self.account.as_str())
        };
        let documents = &self.stores.documents;
        if !documents.page::<IssuedStatement>(&own).await?.is_empty() {
            return Err(StatementFailure::BeforeTheFirst(self.account.clone(), month));
        }
        let own = DocumentQuery { descending: true, ..own };
        let (mut told, mut next) = match documents.page::<IssuedStatement>(&own).await?.pop() {
            Some(last) => {
                let last = read(last.body, &last.id)?;
                (Some(*last.counted()), last.month().next())
            }
            None => (None, self.first_month().await?.map_or(month, |first| first.min(month))),
        };
        while next < month {
            told = Some(*self.issue(next, told).await?.counted());
            next = next.next();
        }
        self.issue(month, told).await
    }

    /// Makes a month's statement and keeps it; that of somebody else who was faster.
    async fn issue(
        &self,
        month: Month,
        told: Option<Balance>,
    ) -> Result<Statement, StatementFailure> {
        let made = self.made(month, Some(1), told).await?;
        let Some(issued) = Issued::of(&made) else { return Ok(made) };
        let document = Document::new(self.id(month), IssuedStatement(issued), self.now);
        let document = document.of(self.account.as_str());
        match self.stores.documents.write(vec![document.insertion()?]).await {
            Err(StoreError::Conflict) => {
                Ok(self.issued(month).await?.ok_or(StoreError::Conflict)?)
            }
            written => Ok(written.map(|()| made)?),
        }
    }

    /// Makes a statement of several reads: again, when something has moved between two of them.
    async fn made(
        &self,
        month: Month,
        sequence: Option<u16>,
        told: Option<Balance>,
    ) -> Result<Statement, StatementFailure> {
        let mut tries = 1;
        loop {
            match Statement::new(self.draft(month, sequence, told).await?) {
                Err(StatementError::Unproved { .. }) if tries < TRIES => tries += 1,
                made => return Ok(made?),
            }
        }
    }

    async fn draft(
        &self,
        month: Month,
        sequence: Option<u16>,
        told: Option<Balance>,
    ) -> Result<Draft, StoreError> {
        let Self { stores, account, .. } = self;
        let opening = stores.ledger.balance_before(account, month).await?;
        let closing = stores.ledger.balance_before(account, month.next()).await?;
        let entries = entries(stores, account, month).await?;
        let workspaces = stores.documents.all::<Workspace>(None).await?;
        let payers: HashMap<String, AccountId> =
            workspaces.into_iter().map(|it| (it.id, it.body.account)).collect();
        let own = AccountId::default();
        // Who is gone, or was never made, is the installation's own.
        let is_its = |row: &ActivityRow| payers.get(&row.workspace_id).unwrap_or(&own) == *account;
        let mut usage = vec![by(stores, month, None, &is_its).await?];
        for tag in self.tags {
            usage.push(by(stores, month, Some(tag), &is_its).await?);
        }
        Ok(Draft {
            installation: self.installation.to_owned(),
            account: (*account).clone(),
            month,
            sequence,
            opening,
            told,
            closing,
            entries,
            usage,
        })
    }
}

fn read(body: IssuedStatement, id: &str) -> Result<Statement, StoreError> {
    let corrupt = || StoreError::Corrupt { what: format!("statement {id}") };
    body.0.read().ok_or_else(corrupt)
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
        // A line is for the whole month, and says nothing of who served it but whether anybody did.
        rows: RowTime::All,
        served: ToldApart { model: tag.is_none(), endpoint: true, provider: false },
        ..ActivityQuery::default()
    };
    let rows = stores.usage.activity(&query).await?.into_iter().filter(is_its);
    // Where no endpoint answered, the call was refused or came to nothing: it is no request that
    // anybody is billed for.
    let came = |row: &ActivityRow| !row.endpoint_id.is_empty() || row.sums.spent != Usd::ZERO;
    let rows = rows.filter(came);
    let line = |row: ActivityRow| UsageLine {
        name: if tag.is_some() { row.tag_value } else { row.model },
        requests: if row.endpoint_id.is_empty() { 0 } else { row.sums.requests },
        prompt_tokens: row.sums.prompt_tokens,
        completion_tokens: row.sums.completion_tokens,
        amount: row.sums.spent,
    };
    Ok(UsageTable::new(tag.unwrap_or("model"), rows.map(line)))
}

#[cfg(test)]
mod tests;
