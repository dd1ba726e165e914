//! What limits have counted, in Postgres.

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_store::{LimitCountStore, StoreError, UsageWindows, UtcDay};
use tollgate_types::Timestamp;

use crate::PostgresStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl LimitCountStore for PostgresStore {
    async fn keep(&self, mut counts: Vec<Entry>, now: Timestamp) -> Result<(), StoreError> {
        // In one order, so that two nodes never wait for each other.
        counts.sort_by(|a, b| {
            (a.scope, &a.id, a.measure, a.window).cmp(&(b.scope, &b.id, b.measure, b.window))
        });
        self.writes.submit(Keep { counts, now }).await
    }

    async fn counts(&self) -> Result<Vec<Entry>, StoreError> {
        let sql = concat!("SELECT ", columns!(limit_count), " FROM limit_count");
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.map_err(failed)?;
        let mut counts: Vec<Entry> = rows.iter().map(read_count).collect::<Result<_, _>>()?;
        counts.sort_by(|a, b| {
            (a.scope, &a.id, a.measure, a.window).cmp(&(b.scope, &b.id, b.measure, b.window))
        });
        Ok(counts)
    }
}

struct Keep {
    counts: Vec<Entry>,
    now: Timestamp,
}

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let sql = "INSERT INTO limit_count (scope, id, measure, period, starts_day, used)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (scope, id, measure, period) DO UPDATE
                   SET starts_day = excluded.starts_day, used = excluded.used";
        for count in &self.counts {
            sqlx::query(sql)
                .bind(count.scope.as_str())
                .bind(kept(&count.id))
                .bind(count.measure.as_str())
                .bind(count.window.as_str())
                .bind(count.starts_day)
                .bind(held(count.used))
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
        held: 0,
    })
}
