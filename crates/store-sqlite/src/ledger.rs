//! The ledger in SQLite.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};
use tollgate_ledger::{AccountId, Balance, Books, Kind, Movement, NodeId, slice};
use tollgate_store::{
    Lease, LeaseRequest, Leased, LedgerRow, LedgerStore, MovementQuery, StoreError,
};
use tollgate_types::{Month, Timestamp, Usd};

use crate::SqliteStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::ledger_books;
use crate::ledger_months;
use crate::ledger_nodes::{Reclaim, Tell};
use crate::ledger_rows::{
    balance_of, insert, is_known, read_balance, read_lots, read_movement, read_row, write_balance,
    write_lease,
};
use crate::writer::Write;

#[async_trait]
impl LedgerStore for SqliteStore {
    async fn post(&self, movements: Vec<Movement>) -> Result<bool, StoreError> {
        if movements.is_empty() {
            return Ok(true);
        }
        self.writer.submit(Post(movements)).await
    }

    async fn balance(&self, account: &AccountId) -> Result<Balance, StoreError> {
        read_balance(&self.readers, account).await
    }

    async fn movements(&self, query: &MovementQuery) -> Result<Vec<LedgerRow>, StoreError> {
        let mut sql = listing(query);
        let rows = sql.build().fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(read_row).collect()
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Leased, StoreError> {
        self.writer.submit(SetAside(request)).await
    }

    async fn release(
        &self,
        id: &str,
        (node, account): (&NodeId, &AccountId),
        amount: Usd,
        at: Timestamp,
    ) -> Result<Usd, StoreError> {
        let (id, node, account) = (id.to_owned(), node.clone(), account.clone());
        self.writer.submit(GiveBack { id, node, account, amount, at }).await
    }

    async fn leases(&self, account: Option<&AccountId>) -> Result<Vec<Lease>, StoreError> {
        let sql = "SELECT * FROM ledger_lease WHERE ?1 IS NULL OR account = ?1
                   ORDER BY node, account";
        let rows = sqlx::query(sql)
            .bind(account.map(AccountId::as_str))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        let read = |row| {
            let columns = Columns::of("ledger_lease", row);
            Ok(Lease {
                node: NodeId::new(columns.text("node")?),
                account: columns.parsed("account", |it| AccountId::new(it).ok())?,
                amount: columns.usd("amount_nanos")?,
                touched_at: columns.timestamp("touched_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn scarce(&self) -> Result<Vec<(AccountId, Balance)>, StoreError> {
        let sql = "SELECT * FROM ledger_balance
                   WHERE held_nanos > 0 AND available_nanos < held_nanos ORDER BY account";
        let rows = sqlx::query(sql).fetch_all(&self.readers).await.map_err(failed)?;
        let read = |row| {
            let columns = Columns::of("ledger_balance", row);
            let account = columns.parsed("account", |it| AccountId::new(it).ok())?;
            Ok((account, balance_of(&columns)?))
        };
        rows.iter().map(read).collect()
    }

    async fn tell(
        &self,
        node: &NodeId,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        self.writer.submit(Tell { node: node.clone(), at }).await
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
        self.writer.submit(Reclaim { node: node.clone(), heard_at, at }).await
    }

    async fn expire(&self, now: Timestamp) -> Result<Vec<Movement>, StoreError> {
        self.writer.submit(Expire(now)).await
    }

    async fn balance_before(
        &self,
        account: &AccountId,
        month: Month,
    ) -> Result<Balance, StoreError> {
        ledger_months::balance_before(&self.readers, account, month).await
    }

    async fn first_month(&self, account: &AccountId) -> Result<Option<Month>, StoreError> {
        ledger_months::first_month(&self.readers, account).await
    }

    async fn calls_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        ledger_months::calls_in(&self.readers, month).await
    }

    async fn books(&self) -> Result<BTreeMap<AccountId, Books>, StoreError> {
        // One transaction, so that everything is of one moment.
        let mut transaction = self.readers.begin().await.map_err(failed)?;
        ledger_books::books(&mut transaction).await
    }
}

/// Those of an account are two lists, its own and those to it: each has an index in its order.
fn listing(query: &MovementQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT * FROM (");
    if let Some(account) = query.account.as_ref().map(AccountId::as_str) {
        sql.push("SELECT * FROM ledger_movement WHERE account = ").push_bind(account.to_owned());
        push_conditions(&mut sql, query);
        sql.push(") UNION ALL SELECT * FROM (SELECT * FROM ledger_movement WHERE counter = ");
        sql.push_bind(account.to_owned()).push(" AND account <> ").push_bind(account.to_owned());
    } else {
        sql.push("SELECT * FROM ledger_movement WHERE true");
    }
    push_conditions(&mut sql, query);
    sql.push(") ORDER BY sequence DESC LIMIT ").push_bind(query.limit);
    sql
}

fn push_conditions(sql: &mut QueryBuilder<Sqlite>, query: &MovementQuery) {
    if let Some(about) = &query.about {
        sql.push(" AND (id = ").push_bind(about.clone());
        sql.push(" OR reference = ").push_bind(about.clone()).push(")");
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
    sql.push(" ORDER BY sequence DESC LIMIT ").push_bind(query.limit);
}

struct Post(Vec<Movement>);

#[async_trait]
impl Write for Post {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        for (index, movement) in self.0.iter().enumerate() {
            let is_twice = self.0.iter().take(index).any(|it| it.id == movement.id);
            if !is_twice && !is_known(connection, &movement.id).await? {
                continue;
            }
            return if index == 0 { Ok(false) } else { Err(StoreError::Conflict) };
        }
        for movement in &self.0 {
            move_one(connection, movement).await?;
        }
        insert(connection, &self.0).await?;
        Ok(true)
    }
}

/// Moves the balances of those whom a movement is about.
pub(crate) async fn move_one(
    connection: &mut SqliteConnection,
    movement: &Movement,
) -> Result<(), StoreError> {
    for account in [Some(&movement.account), movement.counter.as_ref()].into_iter().flatten() {
        let balance = read_balance(&mut *connection, account).await?;
        write_balance(connection, account, &balance.after(movement, account)?).await?;
    }
    Ok(())
}

struct SetAside(LeaseRequest);

#[async_trait]
impl Write for SetAside {
    type Output = Leased;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Leased, StoreError> {
        let Self(request) = self;
        let account = &request.account;
        let available = read_balance(&mut *connection, account).await?.available;
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
        move_one(connection, &hold).await?;
        let lease = leased(connection, (&request.node, account)).await?;
        let lease = lease
            .checked_add(amount)
            .ok_or(StoreError::OutOfRange { what: "what a node has set aside" })?;
        write_lease(connection, (&request.node, account), lease, request.at).await?;
        insert(connection, std::slice::from_ref(&hold)).await?;
        let available = read_balance(connection, account).await?.available;
        Ok(Leased { slice: Some(amount), available })
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

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Usd, StoreError> {
        let lease = (&self.node, &self.account);
        let left = leased(connection, lease).await?;
        let amount = self.amount.min(left);
        if amount <= Usd::ZERO || is_known(connection, &self.id).await? {
            return Ok(Usd::ZERO);
        }
        let release = Movement {
            reference: Some(self.node.as_str().to_owned()),
            ..Movement::new(&self.id, self.account.clone(), Kind::Release, amount, self.at)
        };
        move_one(connection, &release).await?;
        let left = left.checked_sub(amount).unwrap_or(Usd::ZERO);
        write_lease(connection, lease, left, self.at).await?;
        insert(connection, std::slice::from_ref(&release)).await?;
        Ok(amount)
    }
}

struct Expire(Timestamp);

#[async_trait]
impl Write for Expire {
    type Output = Vec<Movement>;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Vec<Movement>, StoreError> {
        let lots = read_lots(
            connection,
            sqlx::query(
                "SELECT * FROM ledger_lot WHERE expires_at <= ?1 ORDER BY account, expires_at, id",
            )
            .bind(self.0.unix_millis()),
        )
        .await?;
        let mut ended = Vec::new();
        for (account, lot) in lots {
            let available = read_balance(&mut *connection, &account).await?.available;
            let amount = lot.remaining.min(available).max(Usd::ZERO);
            let left = lot.remaining.checked_sub(amount).unwrap_or(Usd::ZERO);
            let sql = if left > Usd::ZERO {
                "UPDATE ledger_lot SET remaining_nanos = ?2 WHERE id = ?1"
            } else {
                "DELETE FROM ledger_lot WHERE id = ?1 AND ?2 = 0"
            };
            let query = sqlx::query(sql).bind(&lot.id).bind(left.nanos());
            query.execute(&mut *connection).await.map_err(failed)?;
            if amount == Usd::ZERO {
                continue;
            }
            let expiry = lot.expiry(&account, amount, self.0);
            move_one(connection, &expiry).await?;
            insert(connection, std::slice::from_ref(&expiry)).await?;
            ended.push(expiry);
        }
        Ok(ended)
    }
}

/// What a node has set aside of an account.
pub(crate) async fn leased(
    connection: &mut SqliteConnection,
    (node, account): (&NodeId, &AccountId),
) -> Result<Usd, StoreError> {
    let row = sqlx::query("SELECT amount_nanos FROM ledger_lease WHERE node = ?1 AND account = ?2")
        .bind(node.as_str())
        .bind(account.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.map_or(Ok(Usd::ZERO), |row| Columns::of("ledger_lease", &row).usd("amount_nanos"))
}
