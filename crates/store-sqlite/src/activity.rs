//! Activity by day, hour and minute in SQLite.
//!
//! Sums are held at the ends of their range as spend counters are, see the `usage` module.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use tollgate_store::{
    ActivityQuery, ActivityRow, ActivitySums, ActivityTally, CallTimes, DayUsage, Place, Span,
    StoreError, TimePlace, TimeSums, Timed, TimesOf, WorkspaceDay, put_times,
};
use tollgate_types::{KeyHash, Timestamp, Usd, UtcDay};

use crate::columns::{Columns, held};
use crate::error::failed;
use crate::writer::Write;

/// Moves the sums.
pub(crate) async fn add(
    connection: &mut SqliteConnection,
    tally: &ActivityTally<'_>,
) -> Result<(), StoreError> {
    for (place, sums) in tally.sums() {
        count(connection, &place, &sums).await?;
    }
    for (place, sums) in tally.times() {
        count_times(connection, &place, &sums).await?;
    }
    Ok(())
}

/// Adds to a row of sums, in the table and under the name that a span has.
macro_rules! count {
    ($table:literal, $index:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $index,
            ", tag, tag_value, key_hash, workspace_id, model, endpoint_id, provider,
                   requests, failed, spent_nanos, byok_nanos, prompt_tokens, completion_tokens,
                   reasoning_tokens, cached_tokens
               ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET
                   requests = requests + excluded.requests,
                   failed = failed + excluded.failed,
                   spent_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
                   byok_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
                   prompt_tokens =
                       min(9223372036854775807, prompt_tokens + excluded.prompt_tokens),
                   completion_tokens =
                       min(9223372036854775807, completion_tokens + excluded.completion_tokens),
                   reasoning_tokens =
                       min(9223372036854775807, reasoning_tokens + excluded.reasoning_tokens),
                   cached_tokens =
                       min(9223372036854775807, cached_tokens + excluded.cached_tokens)"
        )
    };
}

/// The same for times.
macro_rules! count_times {
    ($table:literal, $index:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $index,
            ", key_hash, workspace_id, model, endpoint_id, provider, timed, bucket,
                   calls, millis, tokens
               ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT DO UPDATE SET
                   calls = calls + excluded.calls,
                   millis = min(9223372036854775807, millis + excluded.millis),
                   tokens = min(9223372036854775807, tokens + excluded.tokens)"
        )
    };
}

async fn count(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    sums: &ActivitySums,
) -> Result<(), StoreError> {
    let sql = match place.span {
        Span::Minute => count!("activity_minute", "minute"),
        Span::Hour => count!("activity_hour", "hour"),
        Span::Day => count!("activity_day", "day"),
    };
    sqlx::query(sql)
        .bind(place.index)
        .bind(place.tag)
        .bind(place.tag_value)
        .bind(place.key.as_bytes().as_slice())
        .bind(place.workspace_id)
        .bind(place.model)
        .bind(place.endpoint_id)
        .bind(place.provider)
        .bind(held(sums.requests))
        .bind(held(sums.failed))
        .bind(sums.spent.nanos())
        .bind(sums.byok.nanos())
        .bind(held(sums.prompt_tokens))
        .bind(held(sums.completion_tokens))
        .bind(held(sums.reasoning_tokens))
        .bind(held(sums.cached_tokens))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn count_times(
    connection: &mut SqliteConnection,
    (place, timed, bucket): &TimePlace<'_>,
    sums: &TimeSums,
) -> Result<(), StoreError> {
    let sql = match place.span {
        Span::Minute => count_times!("time_minute", "minute"),
        Span::Hour | Span::Day => count_times!("time_hour", "hour"),
    };
    sqlx::query(sql)
        .bind(place.index)
        .bind(place.key.as_bytes().as_slice())
        .bind(place.workspace_id)
        .bind(place.model)
        .bind(place.endpoint_id)
        .bind(place.provider)
        .bind(timed.code())
        .bind(i64::from(*bucket))
        .bind(held(sums.calls))
        .bind(held(sums.millis))
        .bind(held(sums.tokens))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

const SPENT_SINCE: &str = concat!(
    "SELECT workspace_id, ",
    wide_sum!("spent_nanos"),
    ", ",
    wide_sum!("byok_nanos"),
    ", ",
    wide_sum!("requests"),
    " FROM activity_day WHERE tag = '' AND day >= ?1 GROUP BY workspace_id ORDER BY workspace_id"
);

/// What each workspace has spent since a day, or ever.
pub(crate) async fn spent_since(
    pool: &SqlitePool,
    from: Option<UtcDay>,
) -> Result<Vec<(String, DayUsage)>, StoreError> {
    let from = from.map_or(i64::MIN, UtcDay::days);
    let rows = sqlx::query(SPENT_SINCE).bind(from).fetch_all(pool).await.map_err(failed)?;
    let read = |row: &SqliteRow| {
        let columns = Columns::of("activity_day", row);
        Ok((columns.get("workspace_id")?, usage(&columns)?))
    };
    rows.iter().map(read).collect()
}

const SPENT_BY_DAY: &str = concat!(
    "SELECT workspace_id, day, ",
    wide_sum!("spent_nanos"),
    ", ",
    wide_sum!("byok_nanos"),
    ", ",
    wide_sum!("requests"),
    " FROM activity_day WHERE tag = '' AND day >= ?1
     GROUP BY workspace_id, day ORDER BY workspace_id, day"
);

/// What each workspace has spent on each day from this one on.
pub(crate) async fn spent_by_day(
    pool: &SqlitePool,
    from: UtcDay,
) -> Result<Vec<WorkspaceDay>, StoreError> {
    let query = sqlx::query(SPENT_BY_DAY).bind(from.days());
    let read = |row: &SqliteRow| {
        let columns = Columns::of("activity_day", row);
        Ok(WorkspaceDay {
            workspace_id: columns.get("workspace_id")?,
            day: UtcDay::from_days(columns.get("day")?),
            usage: usage(&columns)?,
        })
    };
    query.fetch_all(pool).await.map_err(failed)?.iter().map(read).collect()
}

/// Held at the ends of the range, as [`DayUsage::add`] holds it.
fn usage(columns: &Columns<'_>) -> Result<DayUsage, StoreError> {
    let amount = |of| -> Result<Usd, StoreError> {
        let sum = columns.wide(of)?;
        let end = if sum < 0 { i64::MIN } else { i64::MAX };
        Ok(Usd::from_nanos(i64::try_from(sum).unwrap_or(end)))
    };
    Ok(DayUsage {
        spent: amount("spent_nanos")?,
        byok: amount("byok_nanos")?,
        requests: u64::try_from(columns.wide("requests")?).unwrap_or(u64::MAX),
    })
}

/// Removes a part of a day whose sums are old.
pub(crate) struct RemovePart(pub(crate) Span, pub(crate) Timestamp);

#[async_trait]
impl Write for RemovePart {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let steps = match self.0 {
            Span::Day => return Ok(false),
            Span::Hour => [
                "DELETE FROM time_hour WHERE hour < ?1
                 AND hour = (SELECT min(hour) FROM activity_hour)",
                "DELETE FROM activity_hour WHERE hour < ?1
                 AND hour = (SELECT min(hour) FROM activity_hour)",
            ],
            Span::Minute => [
                "DELETE FROM time_minute WHERE minute < ?1
                 AND minute = (SELECT min(minute) FROM activity_minute)",
                "DELETE FROM activity_minute WHERE minute < ?1
                 AND minute = (SELECT min(minute) FROM activity_minute)",
            ],
        };
        let mut removed = 0;
        for sql in steps {
            let query = sqlx::query(sql).bind(self.0.index(self.1));
            removed = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        }
        Ok(removed > 0)
    }
}

/// The table and the name of a span.
const fn named(span: Span) -> (&'static str, &'static str) {
    match span {
        Span::Minute => ("activity_minute", "minute"),
        Span::Hour => ("activity_hour", "hour"),
        Span::Day => ("activity_day", "day"),
    }
}

/// Whose key the row of a call counts for.
const PAYER: &str =
    "coalesce((SELECT new_hash FROM key_successor WHERE old_hash = key_hash), key_hash)";

/// Which rows are asked for, besides their tag.
fn push_conditions(sql: &mut QueryBuilder<Sqlite>, query: &ActivityQuery) {
    let (_, name) = named(query.span());
    let (from, until) = query.indices();
    if let Some(from) = from {
        sql.push(" AND ").push(name).push(" >= ").push_bind(from);
    }
    if let Some(until) = until {
        sql.push(" AND ").push(name).push(" < ").push_bind(until);
    }
    if let Some(workspace) = &query.workspace_id {
        sql.push(" AND workspace_id = ").push_bind(workspace.clone());
    }
    if let Some(keys) = &query.keys {
        sql.push(" AND ").push(PAYER).push(" IN (");
        let mut each = sql.separated(", ");
        for key in keys {
            each.push_bind(key.as_bytes().to_vec());
        }
        sql.push(")");
    }
}

/// The question as SQL.
fn listing(query: &ActivityQuery) -> QueryBuilder<Sqlite> {
    let (table, name) = named(query.span());
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL" });
    sql.push(" AS payer, ").push(name);
    sql.push(
        " AS part, workspace_id, model, endpoint_id, provider, tag_value,
                sum(requests) AS requests, sum(failed) AS failed,
                sum(spent_nanos) AS spent_nanos, sum(byok_nanos) AS byok_nanos,
                sum(prompt_tokens) AS prompt_tokens,
                sum(completion_tokens) AS completion_tokens,
                sum(reasoning_tokens) AS reasoning_tokens, sum(cached_tokens) AS cached_tokens
         FROM ",
    );
    sql.push(table).push(" WHERE tag = ");
    sql.push_bind(query.tag.clone().unwrap_or_default());
    push_conditions(&mut sql, query);
    sql.push(
        " GROUP BY part, workspace_id, model, endpoint_id, provider, tag_value, payer
          ORDER BY part DESC, workspace_id, model, endpoint_id, provider, tag_value, payer",
    );
    sql
}

/// The same of times.
fn times(query: &ActivityQuery) -> QueryBuilder<Sqlite> {
    let span = query.span();
    let (_, name) = named(span);
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL" });
    sql.push(" AS payer, ").push(name);
    sql.push(
        " AS part, workspace_id, model, endpoint_id, provider, timed, bucket,
                sum(calls) AS calls, sum(millis) AS millis, sum(tokens) AS tokens FROM ",
    );
    sql.push(if span == Span::Minute { "time_minute" } else { "time_hour" });
    sql.push(" WHERE TRUE");
    push_conditions(&mut sql, query);
    sql.push(" GROUP BY part, workspace_id, model, endpoint_id, provider, timed, bucket, payer");
    sql
}

/// Answers a question.
pub(crate) async fn answer(
    query: &ActivityQuery,
    readers: &SqlitePool,
) -> Result<Vec<ActivityRow>, StoreError> {
    let span = query.span();
    let found = listing(query).build().fetch_all(readers).await.map_err(failed)?;
    let mut rows = found.iter().map(|row| read(span, row)).collect::<Result<Vec<_>, _>>()?;
    if query.wants_times() {
        let found = times(query).build().fetch_all(readers).await.map_err(failed)?;
        let times: Vec<_> = found.iter().map(read_times).collect::<Result<_, _>>()?;
        put_times(&mut rows, span, times);
    }
    Ok(rows)
}

fn read_times(row: &SqliteRow) -> Result<(TimesOf, Timed, u8, TimeSums), StoreError> {
    let columns = Columns::of("time", row);
    let timed = columns.get::<i64>("timed")?;
    let timed = Timed::of_code(timed).ok_or_else(|| columns.corrupt("timed"))?;
    let bucket = columns.count("bucket")?;
    let bucket = u8::try_from(bucket).map_err(|_| columns.corrupt("bucket"))?;
    let of = TimesOf {
        index: columns.get("part")?,
        workspace_id: columns.get("workspace_id")?,
        model: columns.get("model")?,
        endpoint_id: columns.get("endpoint_id")?,
        provider: columns.get("provider")?,
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

fn read(span: Span, row: &SqliteRow) -> Result<ActivityRow, StoreError> {
    let columns = Columns::of("activity", row);
    let starts_at = span.starts_at(columns.get("part")?);
    Ok(ActivityRow {
        day: UtcDay::of(starts_at),
        starts_at,
        workspace_id: columns.get("workspace_id")?,
        model: columns.get("model")?,
        endpoint_id: columns.get("endpoint_id")?,
        provider: columns.get("provider")?,
        tag_value: columns.get("tag_value")?,
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
        },
        times: CallTimes::default(),
    })
}
