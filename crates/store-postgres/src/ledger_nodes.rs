//! Nodes that have set credit aside: which are there, and what those that are not had aside.

use std::collections::BTreeSet;

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_ledger::{AccountId, NodeId, reclaim};
use tollgate_store::StoreError;
use tollgate_types::{Timestamp, Usd};

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::ledger_rows::{Locked, account, insert, names};
use crate::text::kept;
use crate::writes::Write;

impl PostgresStore {
    pub(crate) async fn nodes_heard(&self) -> Result<Vec<(NodeId, Timestamp)>, StoreError> {
        let rows = sqlx::query("SELECT node, heard_at FROM ledger_node ORDER BY node")
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let read = |row| {
            let columns = Columns::of("ledger_node", row);
            Ok((NodeId::new(&columns.text("node")?), columns.timestamp("heard_at")?))
        };
        rows.iter().map(read).collect()
    }
}

/// A node says that it is there.
pub(crate) struct Tell {
    pub(crate) node: NodeId,
    pub(crate) at: Timestamp,
}

#[async_trait]
impl Write for Tell {
    type Output = Vec<(AccountId, Usd)>;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Self::Output, StoreError> {
        let sql = "INSERT INTO ledger_node (node, heard_at) VALUES ($1, $2)
                   ON CONFLICT (node) DO UPDATE SET
                       heard_at = greatest(ledger_node.heard_at + 1, excluded.heard_at)";
        sqlx::query(sql)
            .bind(kept(self.node.as_str()))
            .bind(self.at.unix_millis())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let sql = "SELECT account, reclaimed_nanos FROM ledger_lease
                   WHERE node = $1 AND reclaimed_nanos > 0 ORDER BY account";
        let rows = sqlx::query(sql)
            .bind(kept(self.node.as_str()))
            .fetch_all(connection)
            .await
            .map_err(failed)?;
        let read = |row| {
            let columns = Columns::of("ledger_lease", row);
            Ok((account(&columns, "account")?, columns.usd("reclaimed_nanos")?))
        };
        rows.iter().map(read).collect()
    }
}

/// A node is taken back from.
pub(crate) struct Reclaim {
    pub(crate) node: NodeId,
    pub(crate) heard_at: Option<Timestamp>,
    pub(crate) at: Timestamp,
}

#[async_trait]
impl Write for Reclaim {
    type Output = Vec<(AccountId, Usd)>;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Self::Output, StoreError> {
        // The node waits with its next word until this is done.
        let heard_at = lock_node(connection, &self.node).await?;
        if self.heard_at.is_some() && heard_at != self.heard_at {
            return Ok(Vec::new());
        }
        let accounts: BTreeSet<AccountId> = leases(connection, &self.node, None)
            .await?
            .into_iter()
            .map(|(account, ..)| account)
            .collect();
        let accounts: BTreeSet<&AccountId> = accounts.iter().collect();
        let mut locked = Locked::of(connection, &accounts).await?;
        let mut back = Vec::with_capacity(accounts.len());
        let mut releases = Vec::with_capacity(accounts.len());
        for (account, amount, before) in leases(connection, &self.node, Some(&accounts)).await? {
            let ever = before.saturating_add(amount);
            let release = reclaim((&self.node, &account), amount, ever, self.at);
            locked.apply(&release)?;
            releases.push(release);
            let sql = "UPDATE ledger_lease
                       SET amount_nanos = 0, reclaimed_nanos = $3, touched_at = $4
                       WHERE node = $1 AND account = $2";
            sqlx::query(sql)
                .bind(kept(self.node.as_str()))
                .bind(kept(account.as_str()))
                .bind(ever.nanos())
                .bind(self.at.unix_millis())
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
            back.push((account, amount));
        }
        insert(connection, &releases).await?;
        locked.write(connection).await?;
        let forget = sqlx::query("DELETE FROM ledger_node WHERE node = $1");
        forget.bind(kept(self.node.as_str())).execute(connection).await.map_err(failed)?;
        Ok(back)
    }
}

async fn lock_node(
    connection: &mut PgConnection,
    node: &NodeId,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT heard_at FROM ledger_node WHERE node = $1 FOR UPDATE")
        .bind(kept(node.as_str()))
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.map(|row| Columns::of("ledger_node", &row).timestamp("heard_at")).transpose()
}

/// What a node has set aside, and what was taken back before: of all accounts, or of some that are
/// locked.
async fn leases(
    connection: &mut PgConnection,
    node: &NodeId,
    of: Option<&BTreeSet<&AccountId>>,
) -> Result<Vec<(AccountId, Usd, Usd)>, StoreError> {
    let sql = "SELECT account, amount_nanos, reclaimed_nanos FROM ledger_lease
               WHERE node = $1 AND amount_nanos > 0 AND ($2::TEXT[] IS NULL OR account = ANY($2))
               ORDER BY account";
    let rows = sqlx::query(sql)
        .bind(kept(node.as_str()))
        .bind(of.map(|accounts| names(accounts.iter().copied())))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let read = |row: &PgRow| {
        let columns = Columns::of("ledger_lease", row);
        let account = account(&columns, "account")?;
        Ok((account, columns.usd("amount_nanos")?, columns.usd("reclaimed_nanos")?))
    };
    rows.iter().map(read).collect()
}
