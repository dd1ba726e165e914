//! Activity by day in Postgres, its sums held at the ends of their range.

use std::collections::BTreeMap;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};
use tollgate_store::{
    ActivityQuery, ActivityRow, ActivitySums, DayUsage, GenerationRecord, StoreError, WorkspaceDay,
};
use tollgate_types::{KeyHash, UtcDay};

use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;

/// What a batch of new records adds.
#[derive(Debug, Default)]
pub(crate) struct ActivityTally<'a>(BTreeMap<Place<'a>, ActivitySums>);

/// The row that a record is added to, in the order in which rows are locked.
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

    /// Moves the sums, all with one statement.
    pub(crate) async fn count(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let texts = |of: fn(&Place<'a>) -> &'a str| -> Vec<String> {
            self.0.keys().map(|place| kept(of(place)).into_owned()).collect()
        };
        let counts =
            |of: fn(&ActivitySums) -> i64| -> Vec<i64> { self.0.values().map(of).collect() };
        let days: Vec<i64> = self.0.keys().map(|place| place.day.days()).collect();
        let keys: Vec<&[u8]> = self.0.keys().map(|place| place.key.as_bytes().as_slice()).collect();
        sqlx::query(COUNT)
            .bind(days)
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
}

const COUNT: &str = "
    INSERT INTO activity_day (
        day, tag, tag_value, key_hash, workspace_id, model, endpoint_id, provider, requests,
        failed, spent_nanos, byok_nanos, prompt_tokens, completion_tokens, reasoning_tokens,
        cached_tokens
    )
    SELECT * FROM UNNEST(
        $1::BIGINT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[], $5::TEXT[], $6::TEXT[], $7::TEXT[],
        $8::TEXT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], $13::BIGINT[],
        $14::BIGINT[], $15::BIGINT[], $16::BIGINT[]
    )
    ON CONFLICT (tag, day, key_hash, workspace_id, model, endpoint_id, provider, tag_value)
    DO UPDATE SET
        requests = held_sum(activity_day.requests, excluded.requests),
        failed = held_sum(activity_day.failed, excluded.failed),
        spent_nanos = held_sum(activity_day.spent_nanos, excluded.spent_nanos),
        byok_nanos = held_sum(activity_day.byok_nanos, excluded.byok_nanos),
        prompt_tokens = held_sum(activity_day.prompt_tokens, excluded.prompt_tokens),
        completion_tokens = held_sum(activity_day.completion_tokens, excluded.completion_tokens),
        reasoning_tokens = held_sum(activity_day.reasoning_tokens, excluded.reasoning_tokens),
        cached_tokens = held_sum(activity_day.cached_tokens, excluded.cached_tokens)";

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

/// The question as SQL.
pub(crate) fn listing(query: &ActivityQuery) -> QueryBuilder<Postgres> {
    let key = if query.by_key { "coalesce(new_hash, key_hash)" } else { "NULL::BYTEA" };
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(key);
    sql.push(
        " AS payer, day, workspace_id, model, endpoint_id, provider, tag_value,
                held_sum(sum(requests), 0) AS requests, held_sum(sum(failed), 0) AS failed,
                held_sum(sum(spent_nanos), 0) AS spent_nanos,
                held_sum(sum(byok_nanos), 0) AS byok_nanos,
                held_sum(sum(prompt_tokens), 0) AS prompt_tokens,
                held_sum(sum(completion_tokens), 0) AS completion_tokens,
                held_sum(sum(reasoning_tokens), 0) AS reasoning_tokens,
                held_sum(sum(cached_tokens), 0) AS cached_tokens
         FROM activity_day LEFT JOIN key_successor ON old_hash = key_hash WHERE tag = ",
    );
    sql.push_bind(kept(query.tag.as_deref().unwrap_or_default()).into_owned());
    if let Some(from) = query.from {
        sql.push(" AND day >= ").push_bind(from.days());
    }
    if let Some(until) = query.until {
        sql.push(" AND day < ").push_bind(until.days());
    }
    if let Some(workspace) = &query.workspace_id {
        sql.push(" AND workspace_id = ").push_bind(kept(workspace).into_owned());
    }
    if let Some(keys) = &query.keys {
        let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
        sql.push(" AND coalesce(new_hash, key_hash) = ANY(").push_bind(keys).push(")");
    }
    sql.push(
        " GROUP BY day, workspace_id, model, endpoint_id, provider, tag_value, payer
          ORDER BY day DESC, workspace_id, model, endpoint_id, provider, tag_value, payer",
    );
    sql
}

pub(crate) fn read(row: &PgRow) -> Result<ActivityRow, StoreError> {
    let columns = Columns::of("activity_day", row);
    Ok(ActivityRow {
        day: UtcDay::from_days(columns.get("day")?),
        workspace_id: columns.string("workspace_id")?,
        model: columns.string("model")?,
        endpoint_id: columns.string("endpoint_id")?,
        provider: columns.string("provider")?,
        tag_value: columns.string("tag_value")?,
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
