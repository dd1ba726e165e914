//! How endpoints did, in Postgres.

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_health::{LAST_RESORT_BELOW_PERCENT, OutcomeKind, QuarterHour, UPTIME_OUTCOMES_MIN};
use tollgate_store::{
    EndpointCount, HistoryBatch, HistoryQuery, HistoryRows, HistoryStore, StoreError,
};
use tollgate_types::Timestamp;

use crate::PostgresStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

/// What can be asked: $1 and $2 are the ends, $3 the endpoints.
struct Statements {
    quarters: &'static str,
    /// $4 is how many quarters a step has.
    steps: &'static str,
    /// $4 is how many outcomes there must be, $5 how many of a hundred must have succeeded.
    incidents: &'static str,
}

macro_rules! statements {
    ($of:literal) => {
        Statements {
            quarters: concat!(
                "SELECT ",
                columns!(endpoint_quarter),
                " FROM endpoint_quarter WHERE ",
                "quarter >= $1 AND quarter < $2",
                $of,
                " ORDER BY quarter, endpoint_id, outcome"
            ),
            steps: concat!(
                "SELECT quarter - ((quarter % $4) + $4) % $4 AS quarter, endpoint_id, outcome,
                        held_sum(sum(count), 0) AS count
                 FROM endpoint_quarter WHERE ",
                "quarter >= $1 AND quarter < $2",
                $of,
                " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            ),
            incidents: concat!(
                "SELECT ",
                columns!(endpoint_quarter),
                " FROM endpoint_quarter WHERE (quarter, endpoint_id) IN (
                     SELECT quarter, endpoint_id FROM endpoint_quarter
                     WHERE outcome NOT IN ('rate_limited', 'callers') AND ",
                "quarter >= $1 AND quarter < $2",
                $of,
                "    GROUP BY quarter, endpoint_id
                     HAVING sum(count) >= $4
                        AND coalesce(sum(count) FILTER (WHERE outcome = 'success'), 0) * 100
                            < sum(count) * $5
                 ) ORDER BY quarter, endpoint_id, outcome"
            ),
        }
    };
}

/// Two of each, because one that may be of either is planned as if it were of all.
const OF_ALL: Statements = statements!(" AND $3::TEXT[] IS NULL");
const OF_SOME: Statements = statements!(" AND endpoint_id = ANY($3::TEXT[])");

#[async_trait]
impl HistoryStore for PostgresStore {
    async fn add_history(&self, batch: HistoryBatch) -> Result<bool, StoreError> {
        self.writes.submit(Add(batch)).await
    }

    async fn history(&self, query: &HistoryQuery) -> Result<Vec<EndpointCount>, StoreError> {
        let statements = if query.endpoints.is_some() { &OF_SOME } else { &OF_ALL };
        let sql = match query.rows {
            HistoryRows::Quarters => statements.quarters,
            HistoryRows::Steps(_) => statements.steps,
            HistoryRows::Incidents => statements.incidents,
        };
        let ids = query.endpoints.as_ref();
        let ids = ids.map(|ids| ids.iter().map(|id| kept(id).into_owned()).collect::<Vec<_>>());
        let bound = sqlx::query(sql).bind(query.from.number()).bind(query.until.number()).bind(ids);
        let bound = match query.rows {
            HistoryRows::Quarters => bound,
            HistoryRows::Steps(_) => bound.bind(query.rows.step()),
            HistoryRows::Incidents => {
                bound.bind(held(UPTIME_OUTCOMES_MIN)).bind(held(LAST_RESORT_BELOW_PERCENT))
            }
        };
        let rows = bound.fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_count).collect()
    }

    async fn remove_quarter_before(&self, before: Timestamp) -> Result<bool, StoreError> {
        self.writes.submit(RemoveBefore(before)).await
    }
}

struct Add(HistoryBatch);

const TELL: &str = "
    INSERT INTO endpoint_quarter_writer (writer, number, told_at)
    VALUES ($1, $2, $3)
    ON CONFLICT (writer) DO UPDATE
    SET number = excluded.number, told_at = excluded.told_at
    WHERE endpoint_quarter_writer.number < excluded.number";

/// Rows are locked in their order, so that nobody waits for a row while others wait for his.
const ADD: &str = "
    INSERT INTO endpoint_quarter (quarter, endpoint_id, outcome, count)
    SELECT quarter, endpoint_id, outcome, held_sum(sum(count), 0)
    FROM UNNEST($1::BIGINT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[])
             AS told (quarter, endpoint_id, outcome, count)
    GROUP BY quarter, endpoint_id, outcome
    ORDER BY quarter, endpoint_id COLLATE \"C\", outcome COLLATE \"C\"
    ON CONFLICT (quarter, endpoint_id, outcome) DO UPDATE
    SET count = held_sum(endpoint_quarter.count, excluded.count)";

#[async_trait]
impl Write for Add {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let HistoryBatch { writer, number, told_at, counts } = &self.0;
        let query = sqlx::query(TELL).bind(kept(writer)).bind(held(*number));
        let query = query.bind(told_at.unix_millis());
        let told = query.execute(&mut *connection).await.map_err(failed)?;
        if told.rows_affected() == 0 {
            return Ok(false);
        }
        let numbers = |of: fn(&EndpointCount) -> i64| counts.iter().map(of).collect::<Vec<i64>>();
        let texts = |of: fn(&EndpointCount) -> &str| {
            counts.iter().map(|count| kept(of(count)).into_owned()).collect::<Vec<String>>()
        };
        sqlx::query(ADD)
            .bind(numbers(|it| it.quarter.number()))
            .bind(texts(|it| &it.endpoint_id))
            .bind(texts(|it| it.outcome.as_str()))
            .bind(numbers(|it| held(it.count)))
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(true)
    }
}

struct RemoveBefore(Timestamp);

#[async_trait]
impl Write for RemoveBefore {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let sql = "DELETE FROM endpoint_quarter WHERE quarter = (
                       SELECT min(quarter) FROM endpoint_quarter WHERE quarter < $1)";
        let query = sqlx::query(sql).bind(QuarterHour::of(self.0).number());
        let removed = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        if removed > 0 {
            return Ok(true);
        }
        let sql = "DELETE FROM endpoint_quarter_writer WHERE told_at < $1";
        let query = sqlx::query(sql).bind(self.0.unix_millis());
        query.execute(connection).await.map_err(failed)?;
        Ok(false)
    }
}

fn read_count(row: &PgRow) -> Result<EndpointCount, StoreError> {
    let columns = Columns::of("endpoint_quarter", row);
    Ok(EndpointCount {
        quarter: QuarterHour::of_number(columns.get("quarter")?),
        endpoint_id: columns.string("endpoint_id")?,
        outcome: columns.parsed("outcome", OutcomeKind::parse)?,
        count: columns.count("count")?,
    })
}
