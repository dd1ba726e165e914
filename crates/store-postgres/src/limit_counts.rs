//! What limits have counted, in Postgres.

use std::cmp::Ordering;

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_store::{LimitCountStore, StoreError, UsageWindows, UtcDay, summed};
use tollgate_types::Timestamp;

use crate::PostgresStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl LimitCountStore for PostgresStore {
    async fn keep(
        &self,
        node: &NodeId,
        mut counts: Vec<Entry>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // In one order, so that two nodes never wait for each other.
        counts.sort_by(by_counter);
        self.writes.submit(Keep { node: node.clone(), counts, now }).await
    }

    async fn counts(&self, node: &NodeId) -> Result<Vec<Entry>, StoreError> {
        let sql = concat!("SELECT ", columns!(limit_count), " FROM limit_count WHERE node = $1");
        let rows = sqlx::query(sql).bind(kept(node.as_str())).fetch_all(&self.pool).await;
        let rows = rows.map_err(failed)?;
        let mut counts: Vec<Entry> = rows.iter().map(read_count).collect::<Result<_, _>>()?;
        counts.sort_by(by_counter);
        Ok(counts)
    }

    async fn elsewhere(
        &self,
        node: &NodeId,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Entry>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(limit_count),
            " FROM limit_count
             WHERE node <> $1 AND (scope, id, measure, period) IN (
                 SELECT scope, id, measure, period FROM limit_count
                 WHERE node <> $1 AND told_at >= $2)"
        );
        let rows = sqlx::query(sql)
            .bind(kept(node.as_str()))
            .bind(since.unix_millis())
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        let told = rows.iter().map(|row| {
            Ok((read_count(row)?, Columns::of("limit_count", row).timestamp("told_at")?))
        });
        Ok(summed(told.collect::<Result<Vec<_>, StoreError>>()?, now))
    }
}

fn by_counter(a: &Entry, b: &Entry) -> Ordering {
    (a.scope, &a.id, a.measure, a.window).cmp(&(b.scope, &b.id, b.measure, b.window))
}

struct Keep {
    node: NodeId,
    counts: Vec<Entry>,
    now: Timestamp,
}

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let sql = "INSERT INTO limit_count (
                       node, scope, id, measure, period, starts_day, used, held, told_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                   ON CONFLICT (node, scope, id, measure, period) DO UPDATE
                   SET starts_day = excluded.starts_day, used = excluded.used,
                       held = excluded.held, told_at = excluded.told_at";
        for count in &self.counts {
            sqlx::query(sql)
                .bind(kept(self.node.as_str()))
                .bind(count.scope.as_str())
                .bind(kept(&count.id))
                .bind(count.measure.as_str())
                .bind(count.window.as_str())
                .bind(count.starts_day)
                .bind(held(count.used))
                .bind(held(count.held))
                .bind(self.now.unix_millis())
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        let windows = UsageWindows::at(self.now);
        let sql = "DELETE FROM limit_count WHERE starts_day < CASE period
                       WHEN 'day' THEN $1 WHEN 'week' THEN $2 WHEN 'month' THEN $3 END";
        sqlx::query(sql)
            .bind(UtcDay::of(self.now).days())
            .bind(windows.week().start.days())
            .bind(windows.month().start.days())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

fn read_count(row: &PgRow) -> Result<Entry, StoreError> {
    let columns = Columns::of("limit_count", row);
    Ok(Entry {
        scope: columns.parsed("scope", Scope::parse)?,
        id: columns.string("id")?,
        measure: columns.parsed("measure", Measure::parse)?,
        window: columns.parsed("period", Window::parse)?,
        starts_day: columns.get("starts_day")?,
        used: columns.count("used")?,
        held: columns.count("held")?,
    })
}
