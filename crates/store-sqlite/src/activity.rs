//! Activity by day, hour and minute in SQLite.
//!
//! Sums are held at the ends of their range as spend counters are, see the `usage` module.

mod add;

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use tollgate_store::columns::{named, names, table_of_sums, table_of_times};
use tollgate_store::{
    ActivityQuery, ActivityRow, ActivitySums, CallTimes, DayUsage, Span, StoreError, TimeSums,
    Timed, TimesOf, WorkspaceDay, put_times,
};
use tollgate_types::{KeyHash, Timestamp, Usd, UtcDay};

use crate::columns::Columns;
use crate::error::failed;
use crate::writer::Write;

pub(crate) use add::add;

const SPENT_SINCE: &str = concat!(
    "SELECT workspace_id, ",
    wide_sum!("spent_nanos"),
    ", ",
    wide_sum!("byok_nanos"),
    ", ",
    wide_sum!("requests"),
    " FROM total_day WHERE tag = '' AND day >= ?1 GROUP BY workspace_id ORDER BY workspace_id"
);

/// What each workspace has spent since a day, or ever.
pub(crate) async fn spent_since(
    pool: &SqlitePool,
    from: Option<UtcDay>,
) -> Result<Vec<(String, DayUsage)>, StoreError> {
    let from = from.map_or(i64::MIN, UtcDay::days);
    let rows = sqlx::query(SPENT_SINCE).bind(from).fetch_all(pool).await.map_err(failed)?;
    let read = |row: &SqliteRow| {
        let columns = Columns::of("total_day", row);
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
    " FROM total_day WHERE tag = '' AND day >= ?1
     GROUP BY workspace_id, day ORDER BY workspace_id, day"
);

/// What each workspace has spent on each day from this one on.
pub(crate) async fn spent_by_day(
    pool: &SqlitePool,
    from: UtcDay,
) -> Result<Vec<WorkspaceDay>, StoreError> {
    let query = sqlx::query(SPENT_BY_DAY).bind(from.days());
    let read = |row: &SqliteRow| {
        let columns = Columns::of("total_day", row);
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
            " < ?1 AND ",
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

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let steps = match self.0 {
            Span::Day => return Ok(false),
            Span::Hour => removing!("hour"),
            Span::Minute => removing!("minute"),
        };
        if self.0 == Span::Hour {
            // As long as there are hours of it: what its days say is what they do.
            for sql in [
                "DELETE FROM total_time_day WHERE day < ?1 / 24",
                "DELETE FROM key_total_time_day WHERE day < ?1 / 24",
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

/// Whose key the row of a call counts for.
pub(crate) const PAYER: &str =
    "coalesce((SELECT new_hash FROM key_successor WHERE old_hash = key_hash), key_hash)";

/// More days, hours or minutes than these are gone through from the first to the last.
const SOUGHT_MAX: i64 = 2_000;

/// The hashes that calls of some keys may have: their own and those of the keys that they took the
/// place of. A key that another took the place of has no calls.
async fn hashes_of(keys: &[KeyHash], readers: &SqlitePool) -> Result<Vec<KeyHash>, StoreError> {
    let mut sql = QueryBuilder::new("SELECT old_hash, new_hash FROM key_successor WHERE");
    for (begin, column) in [(" ", "old_hash"), (" OR ", "new_hash")] {
        sql.push(begin).push(column);
        push_keys(&mut sql, keys);
    }
    let mut hashes = keys.to_vec();
    for row in &sql.build().fetch_all(readers).await.map_err(failed)? {
        let columns = Columns::of("key_successor", row);
        let (old, new) = (columns.key_hash("old_hash")?, columns.key_hash("new_hash")?);
        hashes.retain(|hash| *hash != old);
        if keys.contains(&new) {
            hashes.push(old);
        }
    }
    Ok(hashes)
}

fn push_keys(sql: &mut QueryBuilder<Sqlite>, keys: &[KeyHash]) {
    sql.push(" IN (");
    let mut each = sql.separated(", ");
    for key in keys {
        each.push_bind(key.as_bytes().to_vec());
    }
    sql.push(")");
}

/// Which rows are asked for, besides their tag: of calls that have one of these hashes, if any are
/// given.
fn push_conditions(
    sql: &mut QueryBuilder<Sqlite>,
    (query, span): (&ActivityQuery, Span),
    hashes: Option<&[KeyHash]>,
) {
    let name = named(span);
    let (from, until) = query.indices(span);
    // Rows lie by time first: with each instant named, those of other keys are passed over.
    let each = from.zip(until).filter(|(from, until)| {
        hashes.is_some() && (0..=SOUGHT_MAX).contains(&until.saturating_sub(*from))
    });
    if let Some((from, until)) = each {
        sql.push(" AND ").push(name).push(" IN (");
        let mut each = sql.separated(", ");
        for index in from..until {
            each.push_bind(index);
        }
        sql.push(")");
    } else {
        if let Some(from) = from {
            sql.push(" AND ").push(name).push(" >= ").push_bind(from);
        }
        if let Some(until) = until {
            sql.push(" AND ").push(name).push(" < ").push_bind(until);
        }
    }
    if let Some(workspace) = &query.workspace_id {
        sql.push(" AND workspace_id = ").push_bind(workspace.clone());
    }
    if let Some(hashes) = hashes {
        sql.push(" AND key_hash");
        push_keys(sql, hashes);
    }
}

/// The question as SQL.
fn listing(query: &ActivityQuery, hashes: Option<&[KeyHash]>) -> QueryBuilder<Sqlite> {
    let span = query.span_of_sums();
    let (columns, names) = names(query, span);
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL" }).push(" AS payer, ").push(columns).push(
        ", tag_value,
                sum(requests) AS requests, sum(failed) AS failed,
                sum(spent_nanos) AS spent_nanos, sum(byok_nanos) AS byok_nanos,
                sum(prompt_tokens) AS prompt_tokens,
                sum(completion_tokens) AS completion_tokens,
                sum(reasoning_tokens) AS reasoning_tokens, sum(cached_tokens) AS cached_tokens,
                sum(cache_hits) AS cache_hits, sum(fallbacks) AS fallbacks
         FROM ",
    );
    sql.push(table_of_sums(query)).push(" WHERE tag = ");
    sql.push_bind(query.tag.clone().unwrap_or_default());
    push_conditions(&mut sql, (query, span), hashes);
    sql.push(" GROUP BY ").push(&names).push(", tag_value, payer ORDER BY part DESC, ");
    sql.push(names).push(", tag_value, payer");
    sql
}

/// The same of times.
fn times(query: &ActivityQuery, hashes: Option<&[KeyHash]>) -> QueryBuilder<Sqlite> {
    let (table, span) = table_of_times(query);
    let (columns, names) = names(query, span);
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL" }).push(" AS payer, ").push(columns).push(
        ", timed, bucket,
                sum(calls) AS calls, sum(millis) AS millis, sum(tokens) AS tokens FROM ",
    );
    sql.push(table).push(" WHERE timed IN (");
    let mut each = sql.separated(", ");
    for timed in query.times().iter() {
        each.push_bind(timed.code());
    }
    sql.push(")");
    push_conditions(&mut sql, (query, span), hashes);
    sql.push(" GROUP BY ").push(names).push(", timed, bucket, payer");
    sql
}

/// Answers a question. Rows are taken up as they are found: what the database hands over takes many
/// times the memory of what is made of it.
pub(crate) async fn answer(
    query: &ActivityQuery,
    readers: &SqlitePool,
) -> Result<Vec<ActivityRow>, StoreError> {
    let hashes = match &query.keys {
        Some(keys) => Some(hashes_of(keys, readers).await?),
        None => None,
    };
    let mut rows = Vec::new();
    let mut sql = listing(query, hashes.as_deref());
    let mut found = sql.build().fetch(readers);
    while let Some(row) = found.try_next().await.map_err(failed)? {
        rows.push(read(query, &row)?);
        query.may_add_up(rows.len())?;
    }
    drop(found);
    if !query.times().is_empty() {
        let mut all: BTreeMap<TimesOf, CallTimes> = BTreeMap::new();
        let mut sql = times(query, hashes.as_deref());
        let mut found = sql.build().fetch(readers);
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

fn read_times(row: &SqliteRow) -> Result<(TimesOf, Timed, u8, TimeSums), StoreError> {
    let columns = Columns::of("time", row);
    let timed = columns.get::<i64>("timed")?;
    let timed = Timed::of_code(timed).ok_or_else(|| columns.corrupt("timed"))?;
    let bucket = columns.count("bucket")?;
    let bucket = u8::try_from(bucket).map_err(|_| columns.corrupt("bucket"))?;
    let of = TimesOf {
        row: columns.get("part")?,
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

fn read(query: &ActivityQuery, row: &SqliteRow) -> Result<ActivityRow, StoreError> {
    let columns = Columns::of("activity", row);
    let starts_at = query.starts_at(columns.get("part")?);
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
            cache_hits: columns.count("cache_hits")?,
            fallbacks: columns.count("fallbacks")?,
        },
        times: CallTimes::default(),
    })
}
