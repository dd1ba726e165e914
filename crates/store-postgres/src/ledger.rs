//! The ledger in Postgres.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use sqlx::{PgConnection, Postgres, QueryBuilder};
use tollgate_ledger::{AccountId, Balance, Books, Kind, Lot, Movement, NodeId, slice};
use tollgate_store::{
    Lease, LeaseRequest, Leased, LedgerRow, LedgerStore, MovementQuery, StoreError,
};
use tollgate_types::{Month, Timestamp, Usd};

use crate::PostgresStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::ledger_months;
use crate::ledger_nodes::{Reclaim, Tell};
use crate::ledger_rows::{
    Locked, Slices, account, accounts_of, balance_of, insert, known_ids, names, read_balance,
    read_lot, read_movement, read_row, read_slice, read_slices, write_slices,
};
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl LedgerStore for PostgresStore {
    async fn post(&self, movements: Vec<Movement>) -> Result<bool, StoreError> {
        if movements.is_empty() {
            return Ok(true);
        }
        self.writes.submit(Post(movements)).await
    }

    async fn balance(&self, account: &AccountId) -> Result<Balance, StoreError> {
        read_balance(&self.pool, account).await
    }

    async fn movements(&self, query: &MovementQuery) -> Result<Vec<LedgerRow>, StoreError> {
        let mut sql = listing(query);
        let rows = sql.build().fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_row).collect()
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Leased, StoreError> {
        self.writes.submit(SetAside(request)).await
    }

    async fn release(
        &self,
        id: &str,
        (node, account): (&NodeId, &AccountId),
        amount: Usd,
        at: Timestamp,
    ) -> Result<Usd, StoreError> {
        let (id, node, account) = (id.to_owned(), node.clone(), account.clone());
        self.writes.submit(GiveBack { id, node, account, amount, at }).await
    }

    async fn leases(&self, account: Option<&AccountId>) -> Result<Vec<Lease>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(ledger_lease),
            " FROM ledger_lease WHERE $1::text IS NULL OR account = $1 ORDER BY node, account"
        ))
        .bind(account.map(|it| kept(it.as_str())))
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let read = |row| {
            let ((node, account), (amount, touched_at)) = read_slice(row)?;
            Ok(Lease { node, account, amount, touched_at })
        };
        rows.iter().map(read).collect()
    }

    async fn scarce(&self) -> Result<Vec<(AccountId, Balance)>, StoreError> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            columns!(ledger_balance),
            " FROM ledger_balance
             WHERE held_nanos > 0 AND available_nanos < held_nanos ORDER BY account"
        ))
        .fetch_all(&self.pool)
        .await
        .map_err(failed)?;
        let read = |row| {
            let columns = Columns::of("ledger_balance", row);
            Ok((account(&columns, "account")?, balance_of(&columns)?))
        };
        rows.iter().map(read).collect()
    }

    async fn tell(
        &self,
        node: &NodeId,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        self.writes.submit(Tell { node: node.clone(), at }).await
    }

    async fn nodes(&self) -> Result<Vec<(NodeId, Timestamp)>, StoreError> {
        self.nodes_heard().await
    }

    async fn reclaim(
        &self,
        node: &NodeId,
        heard_at: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        self.writes.submit(Reclaim { node: node.clone(), heard_at, at }).await
    }

    async fn expire(&self, now: Timestamp) -> Result<Vec<Movement>, StoreError> {
        self.writes.submit(Expire(now)).await
    }

    async fn balance_before(
        &self,
        account: &AccountId,
        month: Month,
    ) -> Result<Balance, StoreError> {
        ledger_months::balance_before(&self.pool, account, month).await
    }

    async fn first_month(&self, account: &AccountId) -> Result<Option<Month>, StoreError> {
        ledger_months::first_month(&self.pool, account).await
    }

    async fn calls_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        ledger_months::calls_in(&self.pool, month).await
    }

    async fn books(&self) -> Result<BTreeMap<AccountId, Books>, StoreError> {
        self.read_books().await
    }
}

/// Those of an account are two lists, its own and those to it: each has an index in its order.
fn listing(query: &MovementQuery) -> QueryBuilder<Postgres> {
    const SELECT: &str =
        concat!("SELECT ", columns!(ledger_movement), " FROM ledger_movement WHERE ");
    let mut sql = QueryBuilder::new("SELECT * FROM (");
    sql.push(SELECT);
    if let Some(account) = &query.account {
        let account = kept(account.as_str()).into_owned();
        sql.push("account = ").push_bind(account.clone());
        push_conditions(&mut sql, query);
        sql.push(") AS own UNION ALL SELECT * FROM (").push(SELECT).push("counter = ");
        sql.push_bind(account.clone()).push(" AND account <> ").push_bind(account);
    } else {
        sql.push("true");
    }
    push_conditions(&mut sql, query);
    sql.push(") AS found ORDER BY sequence DESC LIMIT ").push_bind(i64::from(query.limit));
    sql
}

fn push_conditions(sql: &mut QueryBuilder<Postgres>, query: &MovementQuery) {
    if let Some(about) = &query.about {
        let about = kept(about).into_owned();
        sql.push(" AND (id = ").push_bind(about.clone());
        sql.push(" OR reference = ").push_bind(about).push(")");
    }
    if query.entered_only {
        sql.push(" AND kind NOT IN ('hold', 'release', 'charge', 'overrun', 'metered')");
    }
    if let Some(since) = query.since {
        sql.push(" AND at >= ").push_bind(since.unix_millis());
    }
    if let Some(until) = query.until {
        sql.push(" AND at < ").push_bind(until.unix_millis());
    }
    if let Some(before) = query.before {
        sql.push(" AND sequence < ").push_bind(held(before));
    }
    sql.push(" ORDER BY sequence DESC LIMIT ").push_bind(i64::from(query.limit));
}

struct Post(Vec<Movement>);

#[async_trait]
impl Write for Post {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let Self(movements) = self;
        let ids: Vec<&str> = movements.iter().map(|it| it.id.as_str()).collect();
        // One that somebody adds from now on shows when it is inserted, and then here.
        let known = known_ids(connection, &ids).await?;
        if ids.first().is_some_and(|id| known.contains(*id)) {
            return Ok(false);
        }
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        if distinct.len() < ids.len() || !known.is_empty() {
            return Err(StoreError::Conflict);
        }
        let accounts = movements.iter().flat_map(accounts_of).collect();
        let mut locked = Locked::of(connection, &accounts).await?;
        for movement in movements {
            locked.apply(movement)?;
        }
        insert(connection, movements).await?;
        locked.write(connection).await?;
        Ok(true)
    }
}

struct SetAside(LeaseRequest);

#[async_trait]
impl Write for SetAside {
    type Output = Leased;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Leased, StoreError> {
        let Self(request) = self;
        let account = &request.account;
        let accounts = BTreeSet::from([account]);
        let mut locked = Locked::of(connection, &accounts).await?;
        let available = locked.balance(account).available;
        if let Some(known) = read_movement(connection, &request.id).await? {
            return Ok(Leased { slice: Some(known.amount), available });
        }
        let cut = slice(available, request.need, &request.policy);
        let Some(amount) = cut.filter(|it| *it > Usd::ZERO) else {
            return Ok(Leased { slice: cut, available });
        };
        let hold = Movement {
            reference: Some(request.node.as_str().to_owned()),
            ..Movement::new(&request.id, account.clone(), Kind::Hold, amount, request.at)
        };
        locked.apply(&hold)?;
        let key = (request.node.clone(), account.clone());
        let slices = read_slices(connection, &accounts).await?;
        let left = slices.get(&key).map_or(Usd::ZERO, |(left, _)| *left);
        let left = left
            .checked_add(amount)
            .ok_or(StoreError::OutOfRange { what: "what a node has set aside" })?;
        write_slices(connection, &Slices::from([(key, (left, request.at))])).await?;
        insert(connection, std::slice::from_ref(&hold)).await?;
        locked.write(connection).await?;
        Ok(Leased { slice: Some(amount), available: locked.balance(account).available })
    }
}

struct GiveBack {
    id: String,
    node: NodeId,
    account: AccountId,
    amount: Usd,
    at: Timestamp,
}

#[async_trait]
impl Write for GiveBack {
    type Output = Usd;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Usd, StoreError> {
        let accounts = BTreeSet::from([&self.account]);
        let mut locked = Locked::of(connection, &accounts).await?;
        let key = (self.node.clone(), self.account.clone());
        let slices = read_slices(connection, &accounts).await?;
        let left = slices.get(&key).map_or(Usd::ZERO, |(left, _)| *left);
        let amount = self.amount.min(left);
        if amount <= Usd::ZERO || !known_ids(connection, &[&self.id]).await?.is_empty() {
            return Ok(Usd::ZERO);
        }
        let release = Movement {
            reference: Some(self.node.as_str().to_owned()),
            ..Movement::new(&self.id, self.account.clone(), Kind::Release, amount, self.at)
        };
        locked.apply(&release)?;
        let left = left.checked_sub(amount).unwrap_or(Usd::ZERO);
        write_slices(connection, &Slices::from([(key, (left, self.at))])).await?;
        insert(connection, std::slice::from_ref(&release)).await?;
        locked.write(connection).await?;
        Ok(amount)
    }
}

struct Expire(Timestamp);

#[async_trait]
impl Write for Expire {
    type Output = Vec<Movement>;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Vec<Movement>, StoreError> {
        let accounts = with_expired(connection, self.0).await?;
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let accounts: BTreeSet<&AccountId> = accounts.iter().collect();
        let mut locked = Locked::of(connection, &accounts).await?;
        let mut ended = Vec::new();
        for (account, lot) in expired(connection, &accounts, self.0).await? {
            let amount = lot.remaining.min(locked.balance(&account).available).max(Usd::ZERO);
            let left = lot.remaining.checked_sub(amount).unwrap_or(Usd::ZERO);
            leave(connection, &lot, left).await?;
            if amount == Usd::ZERO {
                continue;
            }
            let expiry = lot.expiry(&account, amount, self.0);
            locked.apply(&expiry)?;
            ended.push(expiry);
        }
        insert(connection, &ended).await?;
        locked.write(connection).await?;
        Ok(ended)
    }
}

async fn with_expired(
    connection: &mut PgConnection,
    now: Timestamp,
) -> Result<BTreeSet<AccountId>, StoreError> {
    let rows = sqlx::query("SELECT DISTINCT account FROM ledger_lot WHERE expires_at <= $1")
        .bind(now.unix_millis())
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    rows.iter().map(|row| account(&Columns::of("ledger_lot", row), "account")).collect()
}

/// Writes down what is left of a lot of an account that is locked.
async fn leave(connection: &mut PgConnection, lot: &Lot, left: Usd) -> Result<(), StoreError> {
    let sql = if left > Usd::ZERO {
        "UPDATE ledger_lot SET remaining_nanos = $2 WHERE id = $1"
    } else {
        "DELETE FROM ledger_lot WHERE id = $1 AND $2 = 0::BIGINT"
    };
    let query = sqlx::query(sql).bind(kept(&lot.id)).bind(left.nanos());
    query.execute(connection).await.map_err(failed)?;
    Ok(())
}

/// What has expired of accounts that are locked.
async fn expired(
    connection: &mut PgConnection,
    accounts: &BTreeSet<&AccountId>,
    now: Timestamp,
) -> Result<Vec<(AccountId, Lot)>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(ledger_lot),
        " FROM ledger_lot WHERE account = ANY($1) AND expires_at <= $2
               ORDER BY account, expires_at, id"
    );
    let rows = sqlx::query(sql)
        .bind(names(accounts.iter().copied()))
        .bind(now.unix_millis())
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?;
    rows.iter().map(read_lot).collect()
}
