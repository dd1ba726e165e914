//! How endpoints did, in SQLite.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use tollgate_health::{LAST_RESORT_BELOW_PERCENT, OutcomeKind, QuarterHour, UPTIME_OUTCOMES_MIN};
use tollgate_store::{
    EndpointCount, HistoryBatch, HistoryQuery, HistoryRows, HistoryStore, StoreError,
};
use tollgate_types::Timestamp;

use crate::SqliteStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::writer::Write;

/// What can be asked: ?1 and ?2 are the ends, ?3 the endpoints.
struct Statements {
    quarters: &'static str,
    /// ?4 is how many quarters a step has.
    steps: &'static str,
    /// ?4 is how many outcomes there must be, ?5 how many of a hundred must have succeeded.
    incidents: &'static str,
}

macro_rules! statements {
    ($of:literal) => {
        Statements {
            quarters: concat!(
                "SELECT * FROM endpoint_quarter WHERE ",
                "quarter >= ?1 AND quarter < ?2",
                $of,
                " ORDER BY quarter, endpoint_id, outcome"
            ),
            steps: concat!(
                "SELECT quarter - ((quarter % ?4) + ?4) % ?4 AS quarter, endpoint_id, outcome, ",
                wide_sum!("count"),
                " FROM endpoint_quarter WHERE ",
                "quarter >= ?1 AND quarter < ?2",
                $of,
                " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            ),
            incidents: concat!(
                "SELECT * FROM endpoint_quarter WHERE (quarter, endpoint_id) IN (
                     SELECT quarter, endpoint_id FROM endpoint_quarter
                     WHERE outcome NOT IN ('rate_limited', 'callers') AND ",
                "quarter >= ?1 AND quarter < ?2",
                $of,
                "    GROUP BY quarter, endpoint_id
                     HAVING total(count) >= ?4
                        AND total(count) FILTER (WHERE outcome = 'success') * 100
                            < total(count) * ?5
                 ) ORDER BY quarter, endpoint_id, outcome"
            ),
        }
    };
}

/// Two of each, because one that may be of either is planned as if it were of all.
const OF_ALL: Statements = statements!(" AND ?3 IS NULL");
const OF_SOME: Statements = statements!(" AND endpoint_id IN (SELECT value FROM json_each(?3))");

#[async_trait]
impl HistoryStore for SqliteStore {
    async fn add_history(&self, batch: HistoryBatch) -> Result<bool, StoreError> {
        self.writer.submit(Add(batch)).await
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<EndpointCount>, StoreError> {
        let statements = if query.endpoints.is_some() { &OF_SOME } else { &OF_ALL };
        let sql = match query.rows {
            HistoryRows::Quarters => statements.quarters,
            HistoryRows::Steps(_) => statements.steps,
            HistoryRows::Incidents => statements.incidents,
        };
        let ids = query.endpoints.as_ref().map(|ids| serde_json::json!(ids).to_string());
        let bound = sqlx::query(sql).bind(query.from.number()).bind(query.until.number()).bind(ids);
        let bound = match query.rows {
            HistoryRows::Quarters => bound,
            HistoryRows::Steps(_) => bound.bind(query.rows.step()),
            HistoryRows::Incidents => {
                bound.bind(held(UPTIME_OUTCOMES_MIN)).bind(held(LAST_RESORT_BELOW_PERCENT))
            }
        };
        let rows = bound.fetch_all(&self.readers).await.map_err(failed)?;
        let is_sum = matches!(query.rows, HistoryRows::Steps(_));
        rows.iter().map(|row| read_count(row, is_sum)).collect()
    }

    async fn remove_quarter_before(&self, before: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(RemoveBefore(before)).await
    }
}

struct Add(HistoryBatch);

#[async_trait]
impl Write for Add {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let sql = "INSERT INTO endpoint_quarter_writer (writer, number, told_at)
                   VALUES (?1, ?2, ?3)
                   ON CONFLICT (writer) DO UPDATE
                   SET number = excluded.number, told_at = excluded.told_at
                   WHERE number < excluded.number";
        let query = sqlx::query(sql).bind(self.0.writer.as_str()).bind(held(self.0.number));
        let query = query.bind(self.0.told_at.unix_millis());
        let told = query.execute(&mut *connection).await.map_err(failed)?;
        if told.rows_affected() == 0 {
            return Ok(false);
        }
        let sql = "INSERT INTO endpoint_quarter (quarter, endpoint_id, outcome, count)
                   VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (quarter, endpoint_id, outcome) DO UPDATE
                   SET count = min(9223372036854775807, count + excluded.count)";
        for count in &self.0.counts {
            sqlx::query(sql)
                .bind(count.quarter.number())
                .bind(count.endpoint_id.as_str())
                .bind(count.outcome.as_str())
                .bind(held(count.count))
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        Ok(true)
    }
}

struct RemoveBefore(Timestamp);

#[async_trait]
impl Write for RemoveBefore {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let sql = "DELETE FROM endpoint_quarter WHERE quarter = (
                       SELECT min(quarter) FROM endpoint_quarter WHERE quarter < ?1)";
        let query = sqlx::query(sql).bind(QuarterHour::of(self.0).number());
        let removed = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        if removed > 0 {
            return Ok(true);
        }
        let sql = "DELETE FROM endpoint_quarter_writer WHERE told_at < ?1";
        let query = sqlx::query(sql).bind(self.0.unix_millis());
        query.execute(connection).await.map_err(failed)?;
        Ok(false)
    }
}

fn read_count(row: &SqliteRow, is_sum: bool) -> Result<EndpointCount, StoreError> {
    let columns = Columns::of("endpoint_quarter", row);
    let count = if is_sum {
        let sum = columns.wide("count")?.min(i64::MAX.into());
        u64::try_from(sum).map_err(|_| columns.corrupt("count"))?
    } else {
        columns.count("count")?
    };
    Ok(EndpointCount {
        quarter: QuarterHour::of_number(columns.get("quarter")?),
        endpoint_id: columns.get("endpoint_id")?,
        outcome: columns.parsed("outcome", OutcomeKind::parse)?,
        count,
    })
}
