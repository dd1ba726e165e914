//! Nodes that have set credit aside: which are there, and what those that are not had aside.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tollgate_ledger::{AccountId, NodeId, reclaim};
use tollgate_store::StoreError;
use tollgate_types::{Timestamp, Usd};

use crate::SqliteStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::ledger::move_one;
use crate::ledger_rows::insert;
use crate::writer::Write;

impl SqliteStore {
    pub(crate) async fn nodes_heard(&self) -> Result<Vec<(NodeId, Timestamp)>, StoreError> {
        let rows = sqlx::query("SELECT node, heard_at FROM ledger_node ORDER BY node")
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        let read = |row| {
            let columns = Columns::of("ledger_node", row);
            Ok((NodeId::new(columns.text("node")?), columns.timestamp("heard_at")?))
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

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Self::Output, StoreError> {
        let sql = "INSERT INTO ledger_node (node, heard_at) VALUES (?1, ?2)
                   ON CONFLICT (node) DO UPDATE SET
                       heard_at = max(heard_at + 1, excluded.heard_at)";
        sqlx::query(sql)
            .bind(self.node.as_str())
            .bind(self.at.unix_millis())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        let sql = "SELECT account, reclaimed_nanos FROM ledger_lease
                   WHERE node = ?1 AND reclaimed_nanos > 0 ORDER BY account";
        let rows = sqlx::query(sql)
            .bind(self.node.as_str())
            .fetch_all(connection)
            .await
            .map_err(failed)?;
        let read = |row| {
            let columns = Columns::of("ledger_lease", row);
            Ok((account(&columns)?, columns.usd("reclaimed_nanos")?))
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

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<Self::Output, StoreError> {
        if self.heard_at.is_some() && heard_at(connection, &self.node).await? != self.heard_at {
            return Ok(Vec::new());
        }
        let sql = "SELECT account, amount_nanos, reclaimed_nanos FROM ledger_lease
                   WHERE node = ?1 AND amount_nanos > 0 ORDER BY account";
        let rows = sqlx::query(sql)
            .bind(self.node.as_str())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        let mut back = Vec::with_capacity(rows.len());
        for row in &rows {
            let columns = Columns::of("ledger_lease", row);
            let (account, amount) = (account(&columns)?, columns.usd("amount_nanos")?);
            let ever = columns.usd("reclaimed_nanos")?.saturating_add(amount);
            let release = reclaim((&self.node, &account), amount, ever, self.at);
            move_one(connection, &release).await?;
            insert(connection, std::slice::from_ref(&release)).await?;
            let sql = "UPDATE ledger_lease
                       SET amount_nanos = 0, reclaimed_nanos = ?3, touched_at = ?4
                       WHERE node = ?1 AND account = ?2";
            sqlx::query(sql)
                .bind(self.node.as_str())
                .bind(account.as_str())
                .bind(ever.nanos())
                .bind(self.at.unix_millis())
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
            back.push((account, amount));
        }
        let forget = sqlx::query("DELETE FROM ledger_node WHERE node = ?1");
        forget.bind(self.node.as_str()).execute(connection).await.map_err(failed)?;
        Ok(back)
    }
}

async fn heard_at(
    connection: &mut SqliteConnection,
    node: &NodeId,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT heard_at FROM ledger_node WHERE node = ?1")
        .bind(node.as_str())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.map(|row| Columns::of("ledger_node", &row).timestamp("heard_at")).transpose()
}

fn account(columns: &Columns<'_>) -> Result<AccountId, StoreError> {
    columns.parsed("account", |it| AccountId::new(it).ok())
}
