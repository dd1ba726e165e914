//! Activity by day in SQLite.
//!
//! Sums are held at the ends of their range as spend counters are, see the `usage` module.

use std::collections::BTreeMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use tollgate_store::{
    ActivityQuery, ActivityRow, ActivitySums, DayUsage, GenerationRecord, StoreError, WorkspaceDay,
};
use tollgate_types::{KeyHash, Usd, UtcDay};

use crate::columns::{Columns, held};
use crate::error::failed;

/// What a batch of new records adds.
#[derive(Debug, Default)]
pub(crate) struct ActivityTally<'a>(BTreeMap<Place<'a>, ActivitySums>);

/// The row that a record is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    day: UtcDay,
    tag: &'a str,
    tag_value: &'a str,
    key: KeyHash,
    workspace_id: &'a str,
    model: &'a str,
    endpoint_id: &'a str,
    provider: &'a str,
}

impl<'a> ActivityTally<'a> {
    /// Adds a new record: once for all, and once for each of its tags.
    pub(crate) fn add(&mut self, record: &'a GenerationRecord) {
        let sums = ActivitySums::of(record);
        let place = Place {
            day: record.utc_day(),
            tag: "",
            tag_value: "",
            key: record.key_hash,
            workspace_id: &record.workspace_id,
            model: record.model.as_str(),
            endpoint_id: record.endpoint_id.as_deref().unwrap_or_default(),
            provider: record.provider.as_deref().unwrap_or_default(),
        };
        self.0.entry(place).or_default().add(&sums);
        for (tag, tag_value) in record.attribution.tags.iter().filter(|(tag, _)| !tag.is_empty()) {
            self.0.entry(Place { tag, tag_value, ..place }).or_default().add(&sums);
        }
    }

    /// Moves the sums.
    pub(crate) async fn count(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        for (place, sums) in &self.0 {
            count(connection, place, sums).await?;
        }
        Ok(())
    }
}

async fn count(
    connection: &mut SqliteConnection,
    place: &Place<'_>,
    sums: &ActivitySums,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO activity_day (
                   day, tag, tag_value, key_hash, workspace_id, model, endpoint_id, provider,
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
                       min(9223372036854775807, cached_tokens + excluded.cached_tokens)";
    sqlx::query(sql)
        .bind(place.day.days())
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

/// The question as SQL.
pub(crate) fn listing(query: &ActivityQuery) -> QueryBuilder<Sqlite> {
    let key = if query.by_key {
        "coalesce((SELECT new_hash FROM key_successor WHERE old_hash = key_hash), key_hash)"
    } else {
        "NULL"
    };
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(key);
    sql.push(
        " AS payer, day, workspace_id, model, endpoint_id, provider, tag_value,
                sum(requests) AS requests, sum(failed) AS failed,
                sum(spent_nanos) AS spent_nanos, sum(byok_nanos) AS byok_nanos,
                sum(prompt_tokens) AS prompt_tokens,
                sum(completion_tokens) AS completion_tokens,
                sum(reasoning_tokens) AS reasoning_tokens, sum(cached_tokens) AS cached_tokens
         FROM activity_day WHERE tag = ",
    );
    sql.push_bind(query.tag.clone().unwrap_or_default());
    if let Some(from) = query.from {
        sql.push(" AND day >= ").push_bind(from.days());
    }
    if let Some(until) = query.until {
        sql.push(" AND day < ").push_bind(until.days());
    }
    if let Some(workspace) = &query.workspace_id {
        sql.push(" AND workspace_id = ").push_bind(workspace.clone());
    }
    if let Some(keys) = &query.keys {
        sql.push(
            " AND coalesce((SELECT new_hash FROM key_successor WHERE old_hash = key_hash), key_hash) IN (",
        );
        let mut each = sql.separated(", ");
        for key in keys {
            each.push_bind(key.as_bytes().to_vec());
        }
        sql.push(")");
    }
    sql.push(
        " GROUP BY day, workspace_id, model, endpoint_id, provider, tag_value, payer
          ORDER BY day DESC, workspace_id, model, endpoint_id, provider, tag_value, payer",
    );
    sql
}

pub(crate) fn read(row: &SqliteRow) -> Result<ActivityRow, StoreError> {
    let columns = Columns::of("activity_day", row);
    Ok(ActivityRow {
        day: UtcDay::from_days(columns.get("day")?),
        workspace_id: columns.get("workspace_id")?,
        model: columns.get("model")?,
        endpoint_id: columns.get("endpoint_id")?,
        provider: columns.get("provider")?,
        tag_value: columns.get("tag_value")?,
        key: columns
            .get::<Option<Vec<u8>>>("payer")?
            .map(|_| columns.key_hash("payer"))
            .transpose()?,
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
    })
}
