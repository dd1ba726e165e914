//! What limits have counted, in SQLite.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_store::{
    Heard, LimitCountStore, News, StoreError, Told, UsageWindows, UtcDay, believed_millis,
    by_counter, summed,
};
use tollgate_types::Timestamp;

use crate::SqliteStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::writer::Write;

#[async_trait]
impl LimitCountStore for SqliteStore {
    async fn keep(&self, node: &NodeId, counts: Vec<Entry>) -> Result<(), StoreError> {
        self.writer.submit(Keep { node: node.clone(), counts }).await
    }

    async fn forget_ended(&self, node: &NodeId, now: Timestamp) -> Result<(), StoreError> {
        self.writer.submit(ForgetEnded { node: node.clone(), now }).await
    }

    async fn counts(&self, node: &NodeId) -> Result<Vec<Entry>, StoreError> {
        let sql = "SELECT * FROM limit_count WHERE node = ?1";
        let rows = sqlx::query(sql).bind(node.as_str()).fetch_all(&self.readers).await;
        let rows = rows.map_err(failed)?;
        Ok(by_counter(rows.iter().map(read_count).collect::<Result<_, _>>()?))
    }

    async fn elsewhere(
        &self,
        node: &NodeId,
        since: Heard,
        believed: Duration,
    ) -> Result<News, StoreError> {
        // Before the counts are looked at: what is told meanwhile is told again. Writers come one
        // after the other, so nothing of a turn appears after something of a later one.
        let sql = "SELECT value FROM revision WHERE noun = 'limit_count'";
        let row = sqlx::query(sql).fetch_one(&self.readers).await.map_err(failed)?;
        let heard = Columns::of("revision", &row).count("value").map(Heard::to)?;
        let sql =
            "SELECT *, told_at >= CAST(unixepoch('subsec') * 1000 AS INTEGER) - ?3 AS is_fresh
                   FROM limit_count WHERE node <> ?1 AND (scope, id, measure, period) IN (
                       SELECT scope, id, measure, period FROM limit_count
                       WHERE node <> ?1 AND told_in > ?2)";
        let rows = sqlx::query(sql)
            .bind(node.as_str())
            .bind(held(since.place()))
            .bind(believed_millis(believed))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        let told = rows.iter().map(|row| {
            let is_fresh = Columns::of("limit_count", row).flag("is_fresh")?;
            Ok(Told { entry: read_count(row)?, is_fresh })
        });
        Ok(News { counts: summed(told.collect::<Result<Vec<_>, StoreError>>()?), heard })
    }
}

struct Keep {
    node: NodeId,
    counts: Vec<Entry>,
}

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let sql = "UPDATE revision SET value = value + 1 WHERE noun = 'limit_count'";
        sqlx::query(sql).execute(&mut *connection).await.map_err(failed)?;
        let sql = "INSERT INTO limit_count (
                       node, scope, id, measure, period, starts_day, used, held, told_at, told_in)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,
                       CAST(unixepoch('subsec') * 1000 AS INTEGER),
                       (SELECT value FROM revision WHERE noun = 'limit_count'))
                   ON CONFLICT (node, scope, id, measure, period) DO UPDATE
                   SET starts_day = excluded.starts_day, used = excluded.used,
                       held = excluded.held, told_at = excluded.told_at,
                       told_in = excluded.told_in";
        for count in &self.counts {
            sqlx::query(sql)
                .bind(self.node.as_str())
                .bind(count.scope.as_str())
                .bind(count.id.as_str())
                .bind(count.measure.as_str())
                .bind(count.window.as_str())
                .bind(count.starts_day)
                .bind(held(count.used))
                .bind(held(count.held))
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

struct ForgetEnded {
    node: NodeId,
    now: Timestamp,
}

/// As long after their end others' windows are forgotten.
const DAY_MILLIS: i64 = 86_400_000;

#[async_trait]
impl Write for ForgetEnded {
    type Output = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let of_others = self.now.plus_millis(DAY_MILLIS.saturating_neg());
        for (is_own, now) in [(true, self.now), (false, of_others)] {
            let windows = UsageWindows::at(now);
            let sql = "DELETE FROM limit_count
                       WHERE (node = ?1 OR NOT ?2) AND starts_day < CASE period
                           WHEN 'day' THEN ?3 WHEN 'week' THEN ?4 WHEN 'month' THEN ?5 END";
            sqlx::query(sql)
                .bind(self.node.as_str())
                .bind(is_own)
                .bind(UtcDay::of(now).days())
                .bind(windows.week().start.days())
                .bind(windows.month().start.days())
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

fn read_count(row: &SqliteRow) -> Result<Entry, StoreError> {
    let columns = Columns::of("limit_count", row);
    Ok(Entry {
        scope: columns.parsed("scope", Scope::parse)?,
        id: columns.get("id")?,
        measure: columns.parsed("measure", Measure::parse)?,
        window: columns.parsed("period", Window::parse)?,
        starts_day: columns.get("starts_day")?,
        used: columns.count("used")?,
        held: columns.count("held")?,
    })
}
