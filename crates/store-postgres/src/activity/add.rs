//! Adding to the sums of activity.

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{PgConnection, Postgres};
use tollgate_store::{
    ActivitySums, ActivityTally, Place, Served, Span, StoreError, TimePlace, TimeSums, Together,
};

use crate::columns::held;
use crate::error::failed;
use crate::text::kept;

const SPANS: [Span; 3] = [Span::Day, Span::Hour, Span::Minute];

/// Adds to rows of sums, in the table and under the name that a span has, with the columns that tell
/// them apart besides time, tag and workspace.
macro_rules! count {
    ($table:literal, $index:literal) => {
        count!(
            $table,
            $index,
            ", model, endpoint_id, provider, key_hash",
            ", $15::TEXT[], $16::TEXT[], $17::TEXT[], $18::BYTEA[]"
        )
    };
    ($table:literal, $index:literal, keys together) => {
        count!(
            $table,
            $index,
            ", model, endpoint_id, provider",
            ", $15::TEXT[], $16::TEXT[], $17::TEXT[]"
        )
    };
    ($table:literal, $index:literal, models together) => {
        count!($table, $index, ", key_hash", ", $15::BYTEA[]")
    };
    ($table:literal, $index:literal, $columns:literal, $values:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $index,
            ", tag, tag_value, workspace_id, requests, failed, spent_nanos, byok_nanos,
        prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens, cache_hits, fallbacks",
            $columns,
            ") SELECT * FROM UNNEST(
        $1::BIGINT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::BIGINT[], $6::BIGINT[],
        $7::BIGINT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[],
        $13::BIGINT[], $14::BIGINT[]",
            $values,
            ")
    ON CONFLICT (tag, ",
            $index,
            ", workspace_id, tag_value",
            $columns,
            ")
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
            ".cached_tokens, excluded.cached_tokens), ",
            "cache_hits = held_sum(",
            $table,
            ".cache_hits, excluded.cache_hits), ",
            "fallbacks = held_sum(",
            $table,
            ".fallbacks, excluded.fallbacks) ",
        )
    };
}

/// The same for times.
macro_rules! count_times {
    ($table:literal, $index:literal) => {
        count_times!(
            $table,
            $index,
            ", model, endpoint_id, provider, key_hash",
            ", $8::TEXT[], $9::TEXT[], $10::TEXT[], $11::BYTEA[]"
        )
    };
    ($table:literal, $index:literal, keys together) => {
        count_times!(
            $table,
            $index,
            ", model, endpoint_id, provider",
            ", $8::TEXT[], $9::TEXT[], $10::TEXT[]"
        )
    };
    ($table:literal, $index:literal, models together) => {
        count_times!($table, $index, ", key_hash", ", $8::BYTEA[]")
    };
    ($table:literal, $index:literal, $columns:literal, $values:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $index,
            ", workspace_id, timed, bucket, calls, millis, tokens",
            $columns,
            ") SELECT * FROM UNNEST(
        $1::BIGINT[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[], $6::BIGINT[],
        $7::BIGINT[]",
            $values,
            ")
    ON CONFLICT (",
            $index,
            ", workspace_id, timed, bucket",
            $columns,
            ")
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
    // Rows that many batches want come last, so that nobody waits for them for long.
    for together in [Together::Nothing, Together::Models, Together::Keys] {
        let (sums, times) = (tally.sums(together), tally.times(together));
        for span in SPANS {
            count_sums(&sums, (span, together), connection).await?;
            count_times(&times, (span, together), connection).await?;
        }
    }
    Ok(())
}

async fn count_sums<'a>(
    sums: &[(Place<'a>, ActivitySums)],
    (span, together): (Span, Together),
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
    let sql = match (span, together) {
        (Span::Minute, Together::Nothing) => count!("activity_minute", "minute"),
        (Span::Hour, Together::Nothing) => count!("activity_hour", "hour"),
        (Span::Day, Together::Nothing) => count!("activity_day", "day"),
        (Span::Minute, Together::Keys) => count!("total_minute", "minute", keys together),
        (Span::Hour, Together::Keys) => count!("total_hour", "hour", keys together),
        (Span::Day, Together::Keys) => count!("total_day", "day", keys together),
        (_, Together::Models) => count!("key_total_day", "day", models together),
    };
    let query = sqlx::query(sql)
        .bind(indices)
        .bind(texts(|it| it.tag))
        .bind(texts(|it| it.tag_value))
        .bind(texts(|it| it.workspace_id))
        .bind(counts(|it| held(it.requests)))
        .bind(counts(|it| held(it.failed)))
        .bind(counts(|it| it.spent.nanos()))
        .bind(counts(|it| it.byok.nanos()))
        .bind(counts(|it| held(it.prompt_tokens)))
        .bind(counts(|it| held(it.completion_tokens)))
        .bind(counts(|it| held(it.reasoning_tokens)))
        .bind(counts(|it| held(it.cached_tokens)))
        .bind(counts(|it| held(it.cache_hits)))
        .bind(counts(|it| held(it.fallbacks)));
    let places: Vec<_> = all.iter().map(|(place, _)| place).collect();
    with_columns(query, &places).execute(connection).await.map_err(failed)?;
    Ok(())
}

async fn count_times<'a>(
    times: &[(TimePlace<'a>, TimeSums)],
    (span, together): (Span, Together),
    connection: &mut PgConnection,
) -> Result<(), StoreError> {
    let all: Vec<_> = times.iter().filter(|((it, ..), _)| it.span == span).collect();
    if all.is_empty() {
        return Ok(());
    }
    let numbers = |of: fn(&TimePlace<'a>) -> i64| -> Vec<i64> {
        all.iter().map(|(place, _)| of(place)).collect()
    };
    let counts = |of: fn(&TimeSums) -> u64| -> Vec<i64> {
        all.iter().map(|(_, sums)| held(of(sums))).collect()
    };
    let sql = match (span, together) {
        (Span::Minute, Together::Keys) => {
            count_times!("total_time_minute", "minute", keys together)
        }
        (Span::Hour, Together::Keys) => count_times!("total_time_hour", "hour", keys together),
        (Span::Day, Together::Keys) => count_times!("total_time_day", "day", keys together),
        (_, Together::Models) => count_times!("key_total_time_day", "day", models together),
        (Span::Minute, _) => count_times!("time_minute", "minute"),
        (..) => count_times!("time_hour", "hour"),
    };
    let places: Vec<_> = all.iter().map(|((place, ..), _)| place).collect();
    let workspaces: Vec<_> = places.iter().map(|it| kept(it.workspace_id).into_owned()).collect();
    let query = sqlx::query(sql)
        .bind(numbers(|(place, ..)| place.index))
        .bind(workspaces)
        .bind(numbers(|(_, timed, _)| timed.code()))
        .bind(numbers(|(_, _, bucket)| i64::from(*bucket)))
        .bind(counts(|it| it.calls))
        .bind(counts(|it| it.millis))
        .bind(counts(|it| it.tokens));
    with_columns(query, &places).execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Binds who answered and the keys of rows, as far as they tell them apart.
fn with_columns<'q>(
    mut query: Query<'q, Postgres, PgArguments>,
    places: &[&Place<'_>],
) -> Query<'q, Postgres, PgArguments> {
    let served: Option<Vec<Served<'_>>> = places.iter().map(|place| place.served).collect();
    if let Some(served) = served {
        let names: [fn(&Served<'_>) -> String; 3] = [
            |it| kept(it.model).into_owned(),
            |it| kept(it.endpoint_id).into_owned(),
            |it| kept(it.provider).into_owned(),
        ];
        for name in names {
            query = query.bind(served.iter().map(name).collect::<Vec<_>>());
        }
    }
    let keys = places.iter().map(|place| place.key.map(|key| key.as_bytes().to_vec()));
    match keys.collect::<Option<Vec<_>>>() {
        Some(keys) => query.bind(keys),
        None => query,
    }
}
