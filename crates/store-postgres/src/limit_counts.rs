//! What limits have counted, in Postgres.
//!
//! Each count says in which transaction it was told, by the number that the server gave that. What
//! a reader sees has no gaps below the oldest transaction that was still under way when it looked:
//! from that one on it asks again the next time. So nothing is missed that is committed late, and
//! nobody's clock matters.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_ledger::NodeId;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_store::{
    Heard, LimitCountStore, News, StoreError, Told, UsageWindows, UtcDay, believed_millis,
    by_counter, summed,
};
use tollgate_types::Timestamp;

use crate::PostgresStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl LimitCountStore for PostgresStore {
    async fn keep(&self, node: &NodeId, counts: Vec<Entry>) -> Result<(), StoreError> {
        self.writes.submit(Keep { node: node.clone(), counts: by_counter(counts) }).await
    }

    async fn forget_ended(&self, node: &NodeId, now: Timestamp) -> Result<(), StoreError> {
        self.writes.submit(ForgetEnded { node: node.clone(), now }).await
    }

    async fn counts(&self, node: &NodeId) -> Result<Vec<Entry>, StoreError> {
        let sql = concat!("SELECT ", columns!(limit_count), " FROM limit_count WHERE node = $1");
        let rows = sqlx::query(sql).bind(kept(node.as_str())).fetch_all(&self.pool).await;
        let rows = rows.map_err(failed)?;
        Ok(by_counter(rows.iter().map(read_count).collect::<Result<_, _>>()?))
    }

    async fn elsewhere(
        &self,
        node: &NodeId,
        since: Heard,
        believed: Duration,
    ) -> Result<News, StoreError> {
        // Before the counts are looked at: what begins meanwhile is told again.
        let sql = "SELECT pg_snapshot_xmin(pg_current_snapshot())::TEXT::BIGINT AS heard";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.map_err(failed)?;
        let heard = Columns::of("limit_count", &row).count("heard").map(Heard::to)?;
        // A server that is behind what was heard is another one, which has the data from a dump.
        let since = if heard < since { Heard::default() } else { since };
        let sql = concat!(
            "SELECT ",
            columns!(limit_count),
            ", told_at >= (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT - $3 AS is_fresh
             FROM limit_count
             WHERE node <> $1 AND (scope, id, measure, period) IN (
                 SELECT scope, id, measure, period FROM limit_count
                 WHERE node <> $1 AND told_in >= $2)"
        );
        let rows = sqlx::query(sql)
            .bind(kept(node.as_str()))
            .bind(held(since.place()))
            .bind(believed_millis(believed))
            .fetch_all(&self.pool)
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
    /// Of each counter one.
    counts: Vec<Entry>,
}

const KEEP: &str = "
    INSERT INTO limit_count (
        node, scope, id, measure, period, starts_day, used, held, told_at, told_in
    )
    SELECT $1, scope, id, measure, period, starts_day, used, held,
           (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT,
           pg_current_xact_id()::TEXT::BIGINT
    FROM UNNEST(
        $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[], $7::BIGINT[], $8::BIGINT[]
    ) AS told (scope, id, measure, period, starts_day, used, held)
    ON CONFLICT (node, scope, id, measure, period) DO UPDATE
    SET starts_day = excluded.starts_day, used = excluded.used, held = excluded.held,
        told_at = excluded.told_at, told_in = excluded.told_in";

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.counts.is_empty() {
            return Ok(());
        }
        let texts = |of: fn(&Entry) -> &str| -> Vec<String> {
            self.counts.iter().map(|count| kept(of(count)).into_owned()).collect()
        };
        let amounts = |of: fn(&Entry) -> i64| -> Vec<i64> { self.counts.iter().map(of).collect() };
        let starts: Vec<Option<i64>> = self.counts.iter().map(|count| count.starts_day).collect();
        sqlx::query(KEEP)
            .bind(kept(self.node.as_str()))
            .bind(texts(|it| it.scope.as_str()))
            .bind(texts(|it| &it.id))
            .bind(texts(|it| it.measure.as_str()))
            .bind(texts(|it| it.window.as_str()))
            .bind(starts)
            .bind(amounts(|it| held(it.used)))
            .bind(amounts(|it| held(it.held)))
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

struct ForgetEnded {
    node: NodeId,
    now: Timestamp,
}

/// As long after their end others' windows are forgotten.
const DAY_MILLIS: i64 = 86_400_000;

/// What several nodes forget at the same time, or what is being told anew, is left to the next: so
/// nobody waits for a row while others wait for his.
const FORGET_ENDED: &str = "
    DELETE FROM limit_count WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM limit_count
        WHERE (node = $1 OR NOT $2) AND starts_day < CASE period
            WHEN 'day' THEN $3 WHEN 'week' THEN $4 WHEN 'month' THEN $5 END
        FOR UPDATE SKIP LOCKED))";

#[async_trait]
impl Write for ForgetEnded {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let of_others = self.now.plus_millis(DAY_MILLIS.saturating_neg());
        for (is_own, now) in [(true, self.now), (false, of_others)] {
            let windows = UsageWindows::at(now);
            sqlx::query(FORGET_ENDED)
                .bind(kept(self.node.as_str()))
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
