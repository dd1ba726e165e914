//! Spend counters in Postgres, held at the ends of their range as [`DayUsage::add`] holds them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres};
use tollgate_ledger::{AccountId, DEFAULT_ACCOUNT};
use tollgate_store::{
    AccountUsage, ActivityQuery, ActivityRow, DayUsage, KeyUsage, Span, StoreError, UsageStore,
    UsageWindows, UtcDay, WorkspaceDay,
};
use tollgate_types::{KeyHash, Month, Timestamp, Usd};

use crate::columns::{Columns, held};
use crate::error::failed;
use crate::{PostgresStore, activity, ledger_months};

#[async_trait]
impl UsageStore for PostgresStore {
    async fn key_usage(&self, hash: KeyHash, now: Timestamp) -> Result<KeyUsage, StoreError> {
        let usage = self.usage_by_key(Some(hash), now).await?;
        Ok(usage.get(&hash).copied().unwrap_or_default())
    }

    async fn all_key_usage(&self, now: Timestamp) -> Result<Vec<(KeyHash, KeyUsage)>, StoreError> {
        Ok(self.usage_by_key(None, now).await?.into_iter().collect())
    }

    async fn activity(&self, query: &ActivityQuery) -> Result<Vec<ActivityRow>, StoreError> {
        activity::answer(query, &self.pool).await
    }

    async fn remove_part_before(&self, span: Span, before: Timestamp) -> Result<bool, StoreError> {
        self.writes.submit(activity::RemovePart(span, before)).await
    }

    async fn spent_since(
        &self,
        from: Option<UtcDay>,
    ) -> Result<Vec<(String, DayUsage)>, StoreError> {
        activity::spent_since(&self.pool, from).await
    }

    async fn spent_by_day(&self, from: UtcDay) -> Result<Vec<WorkspaceDay>, StoreError> {
        activity::spent_by_day(&self.pool, from).await
    }

    async fn own_keys_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        ledger_months::own_keys_in(&self.pool, month).await
    }

    async fn account_usage(&self) -> Result<AccountUsage, StoreError> {
        let sql = "SELECT spent_nanos, byok_nanos, requests FROM account_usage WHERE account = $1";
        let row = sqlx::query(sql)
            .bind(DEFAULT_ACCOUNT)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(AccountUsage::default()) };
        let columns = Columns::of("account_usage", &row);
        let usage = DayUsage {
            spent: columns.usd("spent_nanos")?,
            byok: columns.usd("byok_nanos")?,
            requests: columns.count("requests")?,
        };
        Ok(usage.into())
    }
}

const ONE_KEY: &str = "
    SELECT ever.key_hash, ever.spent_nanos, ever.byok_nanos, ever.requests,
           daily.day, daily.spent_nanos AS day_spent_nanos, daily.byok_nanos AS day_byok_nanos,
           daily.requests AS day_requests
    FROM key_usage AS ever
    LEFT JOIN key_usage_day AS daily
        ON daily.key_hash = ever.key_hash AND daily.day >= $1 AND daily.day < $2
    WHERE ever.key_hash = $3
    ORDER BY daily.day";

const EVERY_KEY: &str = "
    SELECT ever.key_hash, ever.spent_nanos, ever.byok_nanos, ever.requests,
           daily.day, daily.spent_nanos AS day_spent_nanos, daily.byok_nanos AS day_byok_nanos,
           daily.requests AS day_requests
    FROM key_usage AS ever
    LEFT JOIN key_usage_day AS daily
        ON daily.key_hash = ever.key_hash AND daily.day >= $1 AND daily.day < $2
    ORDER BY ever.key_hash, daily.day";

impl PostgresStore {
    /// One statement, so that totals and days are of the same moment.
    async fn usage_by_key(
        &self,
        only: Option<KeyHash>,
        now: Timestamp,
    ) -> Result<BTreeMap<KeyHash, KeyUsage>, StoreError> {
        let windows = UsageWindows::at(now);
        let span = windows.span();
        let query = sqlx::query::<Postgres>(if only.is_some() { ONE_KEY } else { EVERY_KEY })
            .bind(span.start.days())
            .bind(span.end.days());
        let query = match &only {
            Some(hash) => query.bind(hash.as_bytes().as_slice()),
            None => query,
        };
        let rows = query.fetch_all(&self.pool).await.map_err(failed)?;
        let mut usage = BTreeMap::new();
        for row in &rows {
            add_row(&mut usage, &windows, row)?;
        }
        Ok(usage)
    }
}

fn add_row(
    usage: &mut BTreeMap<KeyHash, KeyUsage>,
    windows: &UsageWindows,
    row: &PgRow,
) -> Result<(), StoreError> {
    let columns = Columns::of("key_usage", row);
    let ever = DayUsage {
        spent: columns.usd("spent_nanos")?,
        byok: columns.usd("byok_nanos")?,
        requests: columns.count("requests")?,
    };
    let of_key =
        usage.entry(columns.key_hash("key_hash")?).or_insert_with(|| KeyUsage::of_total(&ever));
    let Some(day) = columns.get::<Option<i64>>("day")? else { return Ok(()) };
    let spend = DayUsage {
        spent: columns.usd("day_spent_nanos")?,
        byok: columns.usd("day_byok_nanos")?,
        requests: columns.count("day_requests")?,
    };
    of_key.add_day(windows, UtcDay::from_days(day), &spend);
    Ok(())
}

/// Begins a transaction that counts spend: while it lasts, no key gets a successor.
pub(crate) const COUNT: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT pg_advisory_xact_lock_shared(7021788203141529601)";

/// Spend to be added to the counters: of one batch, by key and day.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<(KeyHash, UtcDay), DayUsage>);

impl Tally {
    pub(crate) fn add(&mut self, key: KeyHash, day: UtcDay, spend: &DayUsage) {
        self.0.entry((key, day)).or_default().add(spend);
    }

    /// Moves the counters of keys, those of a rotated key at its successor. Rows are locked in
    /// the order of keys and days.
    pub(crate) async fn count_keys(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut keys: BTreeMap<KeyHash, DayUsage> = BTreeMap::new();
        for ((key, _), spend) in &self.0 {
            keys.entry(*key).or_default().add(spend);
        }
        let days: Vec<i64> = self.0.keys().map(|(_, day)| day.days()).collect();
        let hashes: Vec<&[u8]> = self.0.keys().map(|(key, _)| key.as_bytes().as_slice()).collect();
        let Sums { spent, byok, requests } = Sums::of(self.0.values());
        let query = sqlx::query(COUNT_DAYS).bind(hashes).bind(spent).bind(byok).bind(requests);
        query.bind(days).execute(&mut *connection).await.map_err(failed)?;
        let hashes: Vec<&[u8]> = keys.keys().map(|key| key.as_bytes().as_slice()).collect();
        let Sums { spent, byok, requests } = Sums::of(keys.values());
        let query = sqlx::query(COUNT_KEYS).bind(hashes).bind(spent).bind(byok).bind(requests);
        query.execute(connection).await.map_err(failed)?;
        Ok(())
    }

    /// Moves the counters of all keys together: one row, which everybody waits for. So it comes
    /// last.
    pub(crate) async fn count_account(
        &self,
        connection: &mut PgConnection,
    ) -> Result<(), StoreError> {
        let mut spend = DayUsage::default();
        for of_day in self.0.values() {
            spend.add(of_day);
        }
        if spend == DayUsage::default() {
            return Ok(());
        }
        let query = sqlx::query(COUNT_ACCOUNT).bind(DEFAULT_ACCOUNT);
        let query = query.bind(spend.spent.nanos()).bind(spend.byok.nanos());
        query.bind(held(spend.requests)).execute(connection).await.map_err(failed)?;
        Ok(())
    }
}

/// Counters as columns.
#[derive(Default)]
struct Sums {
    spent: Vec<i64>,
    byok: Vec<i64>,
    requests: Vec<i64>,
}

impl Sums {
    fn of<'a>(usage: impl Iterator<Item = &'a DayUsage>) -> Self {
        let mut sums = Self::default();
        for it in usage {
            sums.spent.push(it.spent.nanos());
            sums.byok.push(it.byok.nanos());
            sums.requests.push(held(it.requests));
        }
        sums
    }
}

const COUNT_DAYS: &str = "
    INSERT INTO key_usage_day (key_hash, day, spent_nanos, byok_nanos, requests)
    SELECT coalesce(new_hash, hash) AS payer, day,
           held_sum(sum(spent), 0), held_sum(sum(byok), 0), held_sum(sum(calls), 0)
    FROM UNNEST($1::BYTEA[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[])
             AS spend (hash, spent, byok, calls, day)
    LEFT JOIN key_successor ON old_hash = hash
    GROUP BY payer, day ORDER BY payer, day
    ON CONFLICT (key_hash, day) DO UPDATE SET
        spent_nanos = held_sum(key_usage_day.spent_nanos, excluded.spent_nanos),
        byok_nanos = held_sum(key_usage_day.byok_nanos, excluded.byok_nanos),
        requests = held_sum(key_usage_day.requests, excluded.requests)";

const COUNT_KEYS: &str = "
    INSERT INTO key_usage (key_hash, spent_nanos, byok_nanos, requests)
    SELECT coalesce(new_hash, hash) AS payer,
           held_sum(sum(spent), 0), held_sum(sum(byok), 0), held_sum(sum(calls), 0)
    FROM UNNEST($1::BYTEA[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[])
             AS spend (hash, spent, byok, calls)
    LEFT JOIN key_successor ON old_hash = hash
    GROUP BY payer ORDER BY payer
    ON CONFLICT (key_hash) DO UPDATE SET
        spent_nanos = held_sum(key_usage.spent_nanos, excluded.spent_nanos),
        byok_nanos = held_sum(key_usage.byok_nanos, excluded.byok_nanos),
        requests = held_sum(key_usage.requests, excluded.requests)";

const COUNT_ACCOUNT: &str = "
    INSERT INTO account_usage (account, spent_nanos, byok_nanos, requests)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (account) DO UPDATE SET
        spent_nanos = held_sum(account_usage.spent_nanos, excluded.spent_nanos),
        byok_nanos = held_sum(account_usage.byok_nanos, excluded.byok_nanos),
        requests = held_sum(account_usage.requests, excluded.requests)";

/// What gives the spend of $1, past and to come, to $2. Each binds both.
const MOVES: [&str; 5] = [
    "DELETE FROM key_successor WHERE old_hash = $2::BYTEA AND $1::BYTEA IS NOT NULL",
    "UPDATE key_successor SET new_hash = $2 WHERE new_hash = $1",
    "INSERT INTO key_successor (old_hash, new_hash) VALUES ($1, $2)",
    "WITH moved AS (DELETE FROM key_usage_day WHERE key_hash = $1 RETURNING *)
     INSERT INTO key_usage_day (key_hash, day, spent_nanos, byok_nanos, requests)
     SELECT $2::BYTEA, day, spent_nanos, byok_nanos, requests FROM moved
     ON CONFLICT (key_hash, day) DO UPDATE SET
         spent_nanos = held_sum(key_usage_day.spent_nanos, excluded.spent_nanos),
         byok_nanos = held_sum(key_usage_day.byok_nanos, excluded.byok_nanos),
         requests = held_sum(key_usage_day.requests, excluded.requests)",
    "WITH moved AS (DELETE FROM key_usage WHERE key_hash = $1 RETURNING *)
     INSERT INTO key_usage (key_hash, spent_nanos, byok_nanos, requests)
     SELECT $2::BYTEA, spent_nanos, byok_nanos, requests FROM moved
     ON CONFLICT (key_hash) DO UPDATE SET
         spent_nanos = held_sum(key_usage.spent_nanos, excluded.spent_nanos),
         byok_nanos = held_sum(key_usage.byok_nanos, excluded.byok_nanos),
         requests = held_sum(key_usage.requests, excluded.requests)",
];

/// Gives the spend of `old`, past and to come, to `new`, another hash.
pub(crate) async fn move_spend(
    connection: &mut PgConnection,
    old: KeyHash,
    new: KeyHash,
) -> Result<(), StoreError> {
    for sql in MOVES {
        sqlx::query(sql)
            .bind(old.as_bytes().as_slice())
            .bind(new.as_bytes().as_slice())
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    Ok(())
}
