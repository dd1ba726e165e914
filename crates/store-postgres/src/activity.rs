//! Activity by day, hour and minute in Postgres, its sums held at the ends of their range.

mod add;

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};
use tollgate_store::columns::{named, names, table_of_sums, table_of_times};
use tollgate_store::{
    ActivityQuery, ActivityRow, ActivitySums, CallTimes, DayUsage, Span, StoreError, TimeSums,
    Timed, TimesOf, Together, WorkspaceDay, put_times,
};
use tollgate_types::{KeyHash, Timestamp, UtcDay};

use crate::columns::Columns;
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

pub(crate) use add::add;

const SPENT_SINCE: &str = "
    SELECT workspace_id, held_sum(sum(requests), 0) AS requests,
           held_sum(sum(spent_nanos), 0) AS spent_nanos, held_sum(sum(byok_nanos), 0) AS byok_nanos
    FROM total_day WHERE tag = '' AND day >= $1
    GROUP BY workspace_id ORDER BY workspace_id";

/// What each workspace has spent since a day, or ever.
pub(crate) async fn spent_since(
    pool: &PgPool,
    from: Option<UtcDay>,
) -> Result<Vec<(String, DayUsage)>, StoreError> {
    let from = from.map_or(i64::MIN, UtcDay::days);
    let rows = sqlx::query(SPENT_SINCE).bind(from).fetch_all(pool).await.map_err(failed)?;
    let read = |row: &PgRow| {
        let columns = Columns::of("total_day", row);
        Ok((columns.string("workspace_id")?, usage(&columns)?))
    };
    rows.iter().map(read).collect()
}

const SPENT_BY_DAY: &str = "
    SELECT workspace_id, day, held_sum(sum(requests), 0) AS requests,
           held_sum(sum(spent_nanos), 0) AS spent_nanos, held_sum(sum(byok_nanos), 0) AS byok_nanos
    FROM total_day WHERE tag = '' AND day >= $1
    GROUP BY workspace_id, day ORDER BY workspace_id, day";

/// What each workspace has spent on each day from this one on.
pub(crate) async fn spent_by_day(
    pool: &PgPool,
    from: UtcDay,
) -> Result<Vec<WorkspaceDay>, StoreError> {
    let query = sqlx::query(SPENT_BY_DAY).bind(from.days());
    let read = |row: &PgRow| {
        let columns = Columns::of("total_day", row);
        Ok(WorkspaceDay {
            workspace_id: columns.string("workspace_id")?,
            day: UtcDay::from_days(columns.get("day")?),
            usage: usage(&columns)?,
        })
    };
    query.fetch_all(pool).await.map_err(failed)?.iter().map(read).collect()
}

fn usage(columns: &Columns<'_>) -> Result<DayUsage, StoreError> {
    Ok(DayUsage {
        spent: columns.usd("spent_nanos")?,
        byok: columns.usd("byok_nanos")?,
        requests: columns.count("requests")?,
    })
}

/// Removes the oldest part of a day of a kind: what is counted from it first, itself last.
macro_rules! removing {
    ($part:literal) => {
        [
            removing!("time_", $part),
            removing!("total_time_", $part),
            removing!("total_", $part),
            removing!("activity_", $part),
        ]
    };
    ($table:literal, $part:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            $part,
            " WHERE ",
            $part,
            " < $1 AND ",
            $part,
            " = (SELECT min(",
            $part,
            ") FROM activity_",
            $part,
            ")"
        )
    };
}

/// Removes a part of a day whose sums are old.
pub(crate) struct RemovePart(pub(crate) Span, pub(crate) Timestamp);

#[async_trait]
impl Write for RemovePart {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let steps = match self.0 {
            Span::Day => return Ok(false),
            Span::Hour => removing!("hour"),
            Span::Minute => removing!("minute"),
        };
        if self.0 == Span::Hour {
            // As long as there are hours of it: what its days say is what they do.
            for sql in [
                "DELETE FROM total_time_day WHERE day < $1 / 24",
                "DELETE FROM key_total_time_day WHERE day < $1 / 24",
            ] {
                let query = sqlx::query(sql).bind(self.0.index(self.1));
                query.execute(&mut *connection).await.map_err(failed)?;
            }
        }
        let mut removed = 0;
        for sql in steps {
            let query = sqlx::query(sql).bind(self.0.index(self.1));
            removed = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        }
        Ok(removed > 0)
    }
}

/// Whether the rows that answer a question have keys.
fn has_keys(query: &ActivityQuery) -> bool {
    query.together() != Together::Keys
}

/// Whose key the row of a call counts for.
const PAYER: &str = "coalesce(new_hash, key_hash)";
/// Where that is found.
const SUCCESSOR: &str = " LEFT JOIN key_successor ON old_hash = key_hash";

/// Which rows are asked for, besides their tag.
fn push_conditions(sql: &mut QueryBuilder<Postgres>, query: &ActivityQuery, span: Span) {
    let name = named(span);
    let (from, until) = query.indices(span);
    if let Some(from) = from {
        sql.push(" AND ").push(name).push(" >= ").push_bind(from);
    }
    if let Some(until) = until {
        sql.push(" AND ").push(name).push(" < ").push_bind(until);
    }
    if let Some(workspace) = &query.workspace_id {
        sql.push(" AND workspace_id = ").push_bind(kept(workspace).into_owned());
    }
    if let Some(keys) = &query.keys {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        sql.push(" AND ").push(PAYER).push(" = ANY(").push_bind(keys).push(")");
    }
}

/// The question as SQL.
fn listing(query: &ActivityQuery) -> QueryBuilder<Postgres> {
    let span = query.span_of_sums();
    let (columns, names) = names(query, span);
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL::BYTEA" }).push(" AS payer, ");
    sql.push(columns).push(
        ", tag_value,
                held_sum(sum(requests), 0) AS requests, held_sum(sum(failed), 0) AS failed,
                held_sum(sum(spent_nanos), 0) AS spent_nanos, held_sum(sum(byok_nanos), 0) AS byok_nanos,
                held_sum(sum(prompt_tokens), 0) AS prompt_tokens,
                held_sum(sum(completion_tokens), 0) AS completion_tokens,
                held_sum(sum(reasoning_tokens), 0) AS reasoning_tokens, held_sum(sum(cached_tokens), 0) AS cached_tokens,
                held_sum(sum(cache_hits), 0) AS cache_hits, held_sum(sum(fallbacks), 0) AS fallbacks
         FROM ",
    );
    sql.push(table_of_sums(query)).push(if has_keys(query) { SUCCESSOR } else { "" });
    sql.push(" WHERE tag = ");
    sql.push_bind(kept(query.tag.as_deref().unwrap_or_default()).into_owned());
    push_conditions(&mut sql, query, span);
    sql.push(" GROUP BY ").push(&names).push(", tag_value, payer ORDER BY part DESC, ");
    sql.push(names).push(", tag_value, payer");
    sql
}

/// The same of times.
fn times(query: &ActivityQuery) -> QueryBuilder<Postgres> {
    let (table, span) = table_of_times(query);
    let (columns, names) = names(query, span);
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL::BYTEA" }).push(" AS payer, ");
    sql.push(columns).push(
        ", timed, bucket,
                held_sum(sum(calls), 0) AS calls, held_sum(sum(millis), 0) AS millis, held_sum(sum(tokens), 0) AS tokens
         FROM ",
    );
    sql.push(table).push(if has_keys(query) { SUCCESSOR } else { "" });
    let asked: Vec<i64> = query.times().iter().map(Timed::code).collect();
    sql.push(" WHERE timed = ANY(").push_bind(asked).push(")");
    push_conditions(&mut sql, query, span);
    sql.push(" GROUP BY ").push(names).push(", timed, bucket, payer");
    sql
}

/// Answers a question. Rows are taken up as they are found: what the database hands over takes many
/// times the memory of what is made of it.
pub(crate) async fn answer(
    query: &ActivityQuery,
    pool: &PgPool,
) -> Result<Vec<ActivityRow>, StoreError> {
    let mut rows = Vec::new();
    let mut sql = listing(query);
    let mut found = sql.build().fetch(pool);
    while let Some(row) = found.try_next().await.map_err(failed)? {
        rows.push(read(query, &row)?);
        query.may_add_up(rows.len())?;
    }
    drop(found);
    if !query.times().is_empty() {
        let mut all: BTreeMap<TimesOf, CallTimes> = BTreeMap::new();
        let mut sql = times(query);
        let mut found = sql.build().fetch(pool);
        let mut read_so_far: usize = 0;
        while let Some(row) = found.try_next().await.map_err(failed)? {
            let (of, timed, bucket, sums) = read_times(&row)?;
            all.entry(of).or_default().add(timed, bucket, &sums);
            read_so_far = read_so_far.saturating_add(1);
            query.may_add_up(read_so_far)?;
        }
        put_times(&mut rows, query, all);
    }
    Ok(rows)
}

fn read_times(row: &PgRow) -> Result<(TimesOf, Timed, u8, TimeSums), StoreError> {
    let columns = Columns::of("time", row);
    let timed = columns.get::<i64>("timed")?;
    let timed = Timed::of_code(timed).ok_or_else(|| columns.corrupt("timed"))?;
    let bucket = columns.count("bucket")?;
    let bucket = u8::try_from(bucket).map_err(|_| columns.corrupt("bucket"))?;
    let of = TimesOf {
        row: columns.get("part")?,
        workspace_id: columns.string("workspace_id")?,
        model: columns.string("model")?,
        endpoint_id: columns.string("endpoint_id")?,
        provider: columns.string("provider")?,
        key: payer(&columns)?,
    };
    let sums = TimeSums {
        calls: columns.count("calls")?,
        millis: columns.count("millis")?,
        tokens: columns.count("tokens")?,
    };
    Ok((of, timed, bucket, sums))
}

fn payer(columns: &Columns<'_>) -> Result<Option<KeyHash>, StoreError> {
    let is_there = columns.get::<Option<Vec<u8>>>("payer")?.is_some();
    is_there.then(|| columns.key_hash("payer")).transpose()
}

fn read(query: &ActivityQuery, row: &PgRow) -> Result<ActivityRow, StoreError> {
    let columns = Columns::of("activity", row);
    let starts_at = query.starts_at(columns.get("part")?);
    Ok(ActivityRow {
        day: UtcDay::of(starts_at),
        starts_at,
        workspace_id: columns.string("workspace_id")?,
        model: columns.string("model")?,
        endpoint_id: columns.string("endpoint_id")?,
        provider: columns.string("provider")?,
        tag_value: columns.string("tag_value")?,
        key: payer(&columns)?,
        sums: ActivitySums {
            requests: columns.count("requests")?,
            failed: columns.count("failed")?,
            spent: columns.usd("spent_nanos")?,
            byok: columns.usd("byok_nanos")?,
            prompt_tokens: columns.count("prompt_tokens")?,
            completion_tokens: columns.count("completion_tokens")?,
            reasoning_tokens: columns.count("reasoning_tokens")?,
            cached_tokens: columns.count("cached_tokens")?,
            cache_hits: columns.count("cache_hits")?,
            fallbacks: columns.count("fallbacks")?,
        },
        times: CallTimes::default(),
    })
}
