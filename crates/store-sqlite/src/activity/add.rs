//! Adding to the sums of activity.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use tollgate_store::{
    ActivitySums, ActivityTally, Place, Served, Span, StoreError, TimePlace, TimeSums, Together,
};

use crate::columns::held;
use crate::error::failed;

/// Moves the sums.
pub(crate) async fn add(
    connection: &mut SqliteConnection,
    tally: &ActivityTally<'_>,
) -> Result<(), StoreError> {
    for together in [Together::Nothing, Together::Keys, Together::Models] {
        for (place, sums) in tally.sums(together) {
            count(connection, &place, &sums).await?;
        }
        for (place, sums) in tally.times(together) {
            count_times(connection, &place, &sums).await?;
        }
    }
    Ok(())
}

/// Adds to a row of sums, in the table and under the name that a span has, with the columns that tell
/// rows apart besides time, tag and workspace.
macro_rules! count {
    ($table:literal, $index:literal) => {
        count!($table, $index, ", model, endpoint_id, provider, key_hash", ", ?, ?, ?, ?")
    };
    ($table:literal, $index:literal, keys together) => {
        count!($table, $index, ", model, endpoint_id, provider", ", ?, ?, ?")
    };
    ($table:literal, $index:literal, models together) => {
        count!($table, $index, ", key_hash", ", ?")
    };
    ($table:literal, $index:literal, $columns:literal, $values:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $index,
            ", tag, tag_value, workspace_id, requests, failed, spent_nanos, byok_nanos,
                   prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens,
                   cache_hits, fallbacks",
            $columns,
            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?",
            $values,
            ") ON CONFLICT DO UPDATE SET
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
                       min(9223372036854775807, cached_tokens + excluded.cached_tokens),
                   cache_hits = cache_hits + excluded.cache_hits,
                   fallbacks = fallbacks + excluded.fallbacks"
        )
    };
}

/// The same for times.
macro_rules! count_times {
    ($table:literal, $index:literal) => {
        count_times!($table, $index, ", model, endpoint_id, provider, key_hash", ", ?, ?, ?, ?")
    };
    ($table:literal, $index:literal, keys together) => {
        count_times!($table, $index, ", model, endpoint_id, provider", ", ?, ?, ?")
    };
    ($table:literal, $index:literal, models together) => {
        count_times!($table, $index, ", key_hash", ", ?")
    };
    ($table:literal, $index:literal, $columns:literal, $values:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $index,
            ", workspace_id, timed, bucket, calls, millis, tokens",
            $columns,
            ") VALUES (?, ?, ?, ?, ?, ?, ?",
            $values,
            ") ON CONFLICT DO UPDATE SET
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
    let sql = match (place.span, place.key, place.served) {
        (Span::Minute, Some(_), _) => count!("activity_minute", "minute"),
        (Span::Hour, Some(_), _) => count!("activity_hour", "hour"),
        (Span::Day, Some(_), Some(_)) => count!("activity_day", "day"),
        (Span::Minute, None, _) => count!("total_minute", "minute", keys together),
        (Span::Hour, None, _) => count!("total_hour", "hour", keys together),
        (Span::Day, None, _) => count!("total_day", "day", keys together),
        (Span::Day, Some(_), None) => count!("key_total_day", "day", models together),
    };
    let query = sqlx::query(sql)
        .bind(place.index)
        .bind(place.tag)
        .bind(place.tag_value)
        .bind(place.workspace_id)
        .bind(held(sums.requests))
        .bind(held(sums.failed))
        .bind(sums.spent.nanos())
        .bind(sums.byok.nanos())
        .bind(held(sums.prompt_tokens))
        .bind(held(sums.completion_tokens))
        .bind(held(sums.reasoning_tokens))
        .bind(held(sums.cached_tokens))
        .bind(held(sums.cache_hits))
        .bind(held(sums.fallbacks));
    with_columns(query, place).execute(connection).await.map_err(failed)?;
    Ok(())
}

async fn count_times(
    connection: &mut SqliteConnection,
    (place, timed, bucket): &TimePlace<'_>,
    sums: &TimeSums,
) -> Result<(), StoreError> {
    let sql = match (place.span, place.key) {
        (Span::Minute, Some(_)) => count_times!("time_minute", "minute"),
        (Span::Hour, Some(_)) => count_times!("time_hour", "hour"),
        (Span::Day, Some(_)) => count_times!("key_total_time_day", "day", models together),
        (Span::Minute, None) => count_times!("total_time_minute", "minute", keys together),
        (Span::Hour, None) => count_times!("total_time_hour", "hour", keys together),
        (Span::Day, None) => count_times!("total_time_day", "day", keys together),
    };
    let query = sqlx::query(sql)
        .bind(place.index)
        .bind(place.workspace_id)
        .bind(timed.code())
        .bind(i64::from(*bucket))
        .bind(held(sums.calls))
        .bind(held(sums.millis))
        .bind(held(sums.tokens));
    with_columns(query, place).execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Binds who answered and the key of a row, as far as they tell rows apart.
fn with_columns<'q>(
    mut query: Query<'q, Sqlite, SqliteArguments>,
    place: &'q Place<'_>,
) -> Query<'q, Sqlite, SqliteArguments> {
    if let Some(Served { model, endpoint_id, provider }) = place.served {
        query = query.bind(model).bind(endpoint_id).bind(provider);
    }
    match &place.key {
        Some(key) => query.bind(key.as_bytes().as_slice()),
        None => query,
    }
}
