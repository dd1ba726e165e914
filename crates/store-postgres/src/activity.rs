//! Activity by day, hour and minute in Postgres, its sums held at the ends of their range.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};
use tollgate_store::{
    ActivityQuery, ActivityRow, ActivitySums, ActivityTally, CallTimes, DayUsage, Place, Span,
    StoreError, TimePlace, TimeSums, Timed, TimesOf, WorkspaceDay, put_times,
};
use tollgate_types::{KeyHash, Timestamp, UtcDay};

use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

const SPANS: [Span; 3] = [Span::Day, Span::Hour, Span::Minute];

/// Adds to rows of sums, in the table and under the name that a span has.
macro_rules! count {
    ($table:literal, $index:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $index,
            ", tag, tag_value, key_hash, workspace_id, model, endpoint_id, provider, requests,
        failed, spent_nanos, byok_nanos, prompt_tokens, completion_tokens, reasoning_tokens,
        cached_tokens
    )
    SELECT * FROM UNNEST(
        $1::BIGINT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[], $5::TEXT[], $6::TEXT[], $7::TEXT[],
        $8::TEXT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], $13::BIGINT[],
        $14::BIGINT[], $15::BIGINT[], $16::BIGINT[]
    )
    ON CONFLICT (tag, ",
            $index,
            ", key_hash, workspace_id, model, endpoint_id, provider, tag_value)
    DO UPDATE SET ",
            "requests = held_sum(",
            $table,
            ".requests, excluded.requests), ",
            "failed = held_sum(",
            $table,
            ".failed, excluded.failed), ",
            "spent_nanos = held_sum(",
            $table,
            ".spent_nanos, excluded.spent_nanos), ",
            "byok_nanos = held_sum(",
            $table,
            ".byok_nanos, excluded.byok_nanos), ",
            "prompt_tokens = held_sum(",
            $table,
            ".prompt_tokens, excluded.prompt_tokens), ",
            "completion_tokens = held_sum(",
            $table,
            ".completion_tokens, excluded.completion_tokens), ",
            "reasoning_tokens = held_sum(",
            $table,
            ".reasoning_tokens, excluded.reasoning_tokens), ",
            "cached_tokens = held_sum(",
            $table,
            ".cached_tokens, excluded.cached_tokens) ",
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
            ", key_hash, workspace_id, model, endpoint_id, provider, timed, bucket, calls, millis,
        tokens
    )
    SELECT * FROM UNNEST(
        $1::BIGINT[], $2::BYTEA[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::BIGINT[],
        $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[]
    )
    ON CONFLICT (",
            $index,
            ", key_hash, workspace_id, model, endpoint_id, provider, timed, bucket)
    DO UPDATE SET ",
            "calls = held_sum(",
            $table,
            ".calls, excluded.calls), ",
            "millis = held_sum(",
            $table,
            ".millis, excluded.millis), ",
            "tokens = held_sum(",
            $table,
            ".tokens, excluded.tokens) ",
        )
    };
}

/// Moves the sums: of each span with one statement, and its times with another.
pub(crate) async fn add(
    connection: &mut PgConnection,
    tally: &ActivityTally<'_>,
) -> Result<(), StoreError> {
    let (sums, times) = (tally.sums(), tally.times());
    for span in SPANS {
        count_sums(&sums, span, connection).await?;
    }
    for span in [Span::Hour, Span::Minute] {
        count_times(&times, span, connection).await?;
    }
    Ok(())
}

async fn count_sums<'a>(
    sums: &[(Place<'a>, ActivitySums)],
    span: Span,
    connection: &mut PgConnection,
) -> Result<(), StoreError> {
    let all: Vec<_> = sums.iter().filter(|(place, _)| place.span == span).collect();
    if all.is_empty() {
        return Ok(());
    }
    let texts = |of: fn(&Place<'a>) -> &'a str| -> Vec<String> {
        all.iter().map(|(place, _)| kept(of(place)).into_owned()).collect()
    };
    let counts = |of: fn(&ActivitySums) -> i64| -> Vec<i64> {
        all.iter().map(|(_, sums)| of(sums)).collect()
    };
    let indices: Vec<i64> = all.iter().map(|(place, _)| place.index).collect();
    let keys: Vec<&[u8]> = all.iter().map(|(place, _)| place.key.as_bytes().as_slice()).collect();
    let sql = match span {
        Span::Minute => count!("activity_minute", "minute"),
        Span::Hour => count!("activity_hour", "hour"),
        Span::Day => count!("activity_day", "day"),
    };
    sqlx::query(sql)
        .bind(indices)
        .bind(texts(|it| it.tag))
        .bind(texts(|it| it.tag_value))
        .bind(keys)
        .bind(texts(|it| it.workspace_id))
        .bind(texts(|it| it.model))
        .bind(texts(|it| it.endpoint_id))
        .bind(texts(|it| it.provider))
        .bind(counts(|it| held(it.requests)))
        .bind(counts(|it| held(it.failed)))
        .bind(counts(|it| it.spent.nanos()))
        .bind(counts(|it| it.byok.nanos()))
        .bind(counts(|it| held(it.prompt_tokens)))
        .bind(counts(|it| held(it.completion_tokens)))
        .bind(counts(|it| held(it.reasoning_tokens)))
        .bind(counts(|it| held(it.cached_tokens)))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn count_times<'a>(
    times: &[(TimePlace<'a>, TimeSums)],
    span: Span,
    connection: &mut PgConnection,
) -> Result<(), StoreError> {
    let all: Vec<_> = times.iter().filter(|((it, ..), _)| it.span == span).collect();
    if all.is_empty() {
        return Ok(());
    }
    let numbers = |of: fn(&TimePlace<'a>) -> i64| -> Vec<i64> {
        all.iter().map(|(place, _)| of(place)).collect()
    };
    let texts = |of: fn(&Place<'a>) -> &'a str| -> Vec<String> {
        all.iter().map(|((place, ..), _)| kept(of(place)).into_owned()).collect()
    };
    let counts = |of: fn(&TimeSums) -> u64| -> Vec<i64> {
        all.iter().map(|(_, sums)| held(of(sums))).collect()
    };
    let keys: Vec<&[u8]> =
        all.iter().map(|((place, ..), _)| place.key.as_bytes().as_slice()).collect();
    let sql = match span {
        Span::Minute => count_times!("time_minute", "minute"),
        Span::Hour | Span::Day => count_times!("time_hour", "hour"),
    };
    sqlx::query(sql)
        .bind(numbers(|(place, ..)| place.index))
        .bind(keys)
        .bind(texts(|it| it.workspace_id))
        .bind(texts(|it| it.model))
        .bind(texts(|it| it.endpoint_id))
        .bind(texts(|it| it.provider))
        .bind(numbers(|(_, timed, _)| timed.code()))
        .bind(numbers(|(_, _, bucket)| i64::from(*bucket)))
        .bind(counts(|it| it.calls))
        .bind(counts(|it| it.millis))
        .bind(counts(|it| it.tokens))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

const SPENT_SINCE: &str = "
    SELECT workspace_id, held_sum(sum(requests), 0) AS requests,
           held_sum(sum(spent_nanos), 0) AS spent_nanos, held_sum(sum(byok_nanos), 0) AS byok_nanos
    FROM activity_day WHERE tag = '' AND day >= $1
    GROUP BY workspace_id ORDER BY workspace_id";

/// What each workspace has spent since a day, or ever.
pub(crate) async fn spent_since(
    pool: &PgPool,
    from: Option<UtcDay>,
) -> Result<Vec<(String, DayUsage)>, StoreError> {
    let from = from.map_or(i64::MIN, UtcDay::days);
    let rows = sqlx::query(SPENT_SINCE).bind(from).fetch_all(pool).await.map_err(failed)?;
    let read = |row: &PgRow| {
        let columns = Columns::of("activity_day", row);
        Ok((columns.string("workspace_id")?, usage(&columns)?))
    };
    rows.iter().map(read).collect()
}

const SPENT_BY_DAY: &str = "
    SELECT workspace_id, day, held_sum(sum(requests), 0) AS requests,
           held_sum(sum(spent_nanos), 0) AS spent_nanos, held_sum(sum(byok_nanos), 0) AS byok_nanos
    FROM activity_day WHERE tag = '' AND day >= $1
    GROUP BY workspace_id, day ORDER BY workspace_id, day";

/// What each workspace has spent on each day from this one on.
pub(crate) async fn spent_by_day(
    pool: &PgPool,
    from: UtcDay,
) -> Result<Vec<WorkspaceDay>, StoreError> {
    let query = sqlx::query(SPENT_BY_DAY).bind(from.days());
    let read = |row: &PgRow| {
        let columns = Columns::of("activity_day", row);
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

/// Removes a part of a day whose sums are old.
pub(crate) struct RemovePart(pub(crate) Span, pub(crate) Timestamp);

#[async_trait]
impl Write for RemovePart {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let steps = match self.0 {
            Span::Day => return Ok(false),
            Span::Hour => [
                "DELETE FROM time_hour WHERE hour < $1
                 AND hour = (SELECT min(hour) FROM activity_hour)",
                "DELETE FROM activity_hour WHERE hour < $1
                 AND hour = (SELECT min(hour) FROM activity_hour)",
            ],
            Span::Minute => [
                "DELETE FROM time_minute WHERE minute < $1
                 AND minute = (SELECT min(minute) FROM activity_minute)",
                "DELETE FROM activity_minute WHERE minute < $1
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
const PAYER: &str = "coalesce(new_hash, key_hash)";

/// Which rows are asked for, besides their tag.
fn push_conditions(sql: &mut QueryBuilder<Postgres>, query: &ActivityQuery) {
    let (_, name) = named(query.span());
    let (from, until) = query.indices();
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
    let (table, name) = named(query.span());
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL::BYTEA" });
    sql.push(" AS payer, ").push(name);
    sql.push(
        " AS part, workspace_id, model, endpoint_id, provider, tag_value,
                held_sum(sum(requests), 0) AS requests, held_sum(sum(failed), 0) AS failed,
                held_sum(sum(spent_nanos), 0) AS spent_nanos, held_sum(sum(byok_nanos), 0) AS byok_nanos,
                held_sum(sum(prompt_tokens), 0) AS prompt_tokens,
                held_sum(sum(completion_tokens), 0) AS completion_tokens,
                held_sum(sum(reasoning_tokens), 0) AS reasoning_tokens, held_sum(sum(cached_tokens), 0) AS cached_tokens
         FROM ",
    );
    sql.push(table).push(" LEFT JOIN key_successor ON old_hash = key_hash WHERE tag = ");
    sql.push_bind(kept(query.tag.as_deref().unwrap_or_default()).into_owned());
    push_conditions(&mut sql, query);
    sql.push(
        " GROUP BY part, workspace_id, model, endpoint_id, provider, tag_value, payer
          ORDER BY part DESC, workspace_id, model, endpoint_id, provider, tag_value, payer",
    );
    sql
}

/// The same of times.
fn times(query: &ActivityQuery) -> QueryBuilder<Postgres> {
    let span = query.span();
    let (_, name) = named(span);
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(if query.by_key { PAYER } else { "NULL::BYTEA" });
    sql.push(" AS payer, ").push(name);
    sql.push(
        " AS part, workspace_id, model, endpoint_id, provider, timed, bucket,
                held_sum(sum(calls), 0) AS calls, held_sum(sum(millis), 0) AS millis, held_sum(sum(tokens), 0) AS tokens
         FROM ",
    );
    sql.push(if span == Span::Minute { "time_minute" } else { "time_hour" });
    sql.push(" LEFT JOIN key_successor ON old_hash = key_hash WHERE TRUE");
    push_conditions(&mut sql, query);
    sql.push(" GROUP BY part, workspace_id, model, endpoint_id, provider, timed, bucket, payer");
    sql
}

/// Answers a question.
pub(crate) async fn answer(
    query: &ActivityQuery,
    pool: &PgPool,
) -> Result<Vec<ActivityRow>, StoreError> {
    let span = query.span();
    let found = listing(query).build().fetch_all(pool).await.map_err(failed)?;
    let mut rows = found.iter().map(|row| read(span, row)).collect::<Result<Vec<_>, _>>()?;
    if query.wants_times() {
        let found = times(query).build().fetch_all(pool).await.map_err(failed)?;
        let times: Vec<_> = found.iter().map(read_times).collect::<Result<_, _>>()?;
        put_times(&mut rows, span, times);
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
        index: columns.get("part")?,
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

fn read(span: Span, row: &PgRow) -> Result<ActivityRow, StoreError> {
    let columns = Columns::of("activity", row);
    let starts_at = span.starts_at(columns.get("part")?);
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
        },
        times: CallTimes::default(),
    })
}
