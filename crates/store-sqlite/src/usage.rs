//! Spend counters in SQLite.
//!
//! SQLite turns a sum that overflows into a floating-point number. `min` and `max` compare that
//! exactly with the ends of the integer range and yield an end, which is where
//! [`DayUsage::add`] holds it, too.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Sqlite, SqliteConnection};
use tollgate_ledger::{AccountId, DEFAULT_ACCOUNT};
use tollgate_store::{
    AccountUsage, ActivityQuery, ActivityRow, DayUsage, KeyUsage, Span, StoreError, UsageStore,
    UsageWindows, UtcDay, WorkspaceDay,
};
use tollgate_types::{KeyHash, Month, Timestamp, Usd};

use crate::SqliteStore;
use crate::activity;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::ledger_months;

#[async_trait]
impl UsageStore for SqliteStore {
    async fn key_usage(&self, hash: KeyHash, now: Timestamp) -> Result<KeyUsage, StoreError> {
        let usage = self.usage_by_key(Some(hash), now).await?;
        Ok(usage.get(&hash).copied().unwrap_or_default())
    }

    async fn all_key_usage(&self, now: Timestamp) -> Result<Vec<(KeyHash, KeyUsage)>, StoreError> {
        Ok(self.usage_by_key(None, now).await?.into_iter().collect())
    }

    async fn activity(&self, query: &ActivityQuery) -> Result<Vec<ActivityRow>, StoreError> {
        activity::answer(query, &self.readers).await
    }

    async fn remove_part_before(&self, span: Span, before: Timestamp) -> Result<bool, StoreError> {
        self.writer.submit(activity::RemovePart(span, before)).await
    }

    async fn spent_since(
        &self,
        from: Option<UtcDay>,
    ) -> Result<Vec<(String, DayUsage)>, StoreError> {
        activity::spent_since(&self.readers, from).await
    }

    async fn spent_by_day(&self, from: UtcDay) -> Result<Vec<WorkspaceDay>, StoreError> {
        activity::spent_by_day(&self.readers, from).await
    }

    async fn own_keys_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        ledger_months::own_keys_in(&self.readers, month).await
    }

    async fn account_usage(&self) -> Result<AccountUsage, StoreError> {
        let sql = "SELECT spent_nanos, byok_nanos, requests FROM account_usage WHERE account = ?1";
        let row = sqlx::query(sql)
            .bind(DEFAULT_ACCOUNT)
            .fetch_optional(&self.readers)
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
        ON daily.key_hash = ever.key_hash AND daily.day >= ?1 AND daily.day < ?2
    WHERE ever.key_hash = ?3
    ORDER BY daily.day";

const EVERY_KEY: &str = "
    SELECT ever.key_hash, ever.spent_nanos, ever.byok_nanos, ever.requests,
           daily.day, daily.spent_nanos AS day_spent_nanos, daily.byok_nanos AS day_byok_nanos,
           daily.requests AS day_requests
    FROM key_usage AS ever
    LEFT JOIN key_usage_day AS daily
        ON daily.key_hash = ever.key_hash AND daily.day >= ?1 AND daily.day < ?2
    ORDER BY ever.key_hash, daily.day";

impl SqliteStore {
    /// One statement, so that totals and days are of the same moment.
    async fn usage_by_key(
        &self,
        only: Option<KeyHash>,
        now: Timestamp,
    ) -> Result<BTreeMap<KeyHash, KeyUsage>, StoreError> {
        let windows = UsageWindows::at(now);
        let span = windows.span();
        let query = sqlx::query::<Sqlite>(if only.is_some() { ONE_KEY } else { EVERY_KEY })
            .bind(span.start.days())
            .bind(span.end.days());
        let query = match &only {
            Some(hash) => query.bind(hash.as_bytes().as_slice()),
            None => query,
        };
        let rows = query.fetch_all(&self.readers).await.map_err(failed)?;
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
    row: &SqliteRow,
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

/// Spend to be added to the counters: of one batch, by key and day.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<(KeyHash, UtcDay), DayUsage>);

impl Tally {
    pub(crate) fn add(&mut self, key: KeyHash, day: UtcDay, spend: &DayUsage) {
        self.0.entry((key, day)).or_default().add(spend);
    }

    /// Moves the counters, those of a rotated key at its successor.
    pub(crate) async fn count(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let mut keys: BTreeMap<KeyHash, DayUsage> = BTreeMap::new();
        let mut account = DayUsage::default();
        for ((key, day), spend) in &self.0 {
            count_day(connection, *key, *day, spend).await?;
            keys.entry(*key).or_default().add(spend);
            account.add(spend);
        }
        for (key, spend) in &keys {
            count_key(connection, *key, spend).await?;
        }
        if account == DayUsage::default() {
            return Ok(());
        }
        count_account(connection, &account).await
    }
}

async fn count_day(
    connection: &mut SqliteConnection,
    key: KeyHash,
    day: UtcDay,
    spend: &DayUsage,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO key_usage_day (key_hash, day, spent_nanos, byok_nanos, requests)
               VALUES (
                   coalesce((SELECT new_hash FROM key_successor WHERE old_hash = ?1), ?1),
                   ?2, ?3, ?4, ?5
               )
               ON CONFLICT (key_hash, day) DO UPDATE SET
                   spent_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
                   byok_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
                   requests = requests + excluded.requests";
    let query = sqlx::query(sql).bind(key.as_bytes().as_slice()).bind(day.days());
    let query = query.bind(spend.spent.nanos()).bind(spend.byok.nanos());
    query.bind(held(spend.requests)).execute(connection).await.map_err(failed)?;
    Ok(())
}

async fn count_key(
    connection: &mut SqliteConnection,
    key: KeyHash,
    spend: &DayUsage,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO key_usage (key_hash, spent_nanos, byok_nanos, requests)
               VALUES (
                   coalesce((SELECT new_hash FROM key_successor WHERE old_hash = ?1), ?1),
                   ?2, ?3, ?4
               )
               ON CONFLICT (key_hash) DO UPDATE SET
                   spent_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
                   byok_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
                   requests = requests + excluded.requests";
    let query = sqlx::query(sql).bind(key.as_bytes().as_slice());
    let query = query.bind(spend.spent.nanos()).bind(spend.byok.nanos());
    query.bind(held(spend.requests)).execute(connection).await.map_err(failed)?;
    Ok(())
}

async fn count_account(
    connection: &mut SqliteConnection,
    spend: &DayUsage,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO account_usage (account, spent_nanos, byok_nanos, requests)
               VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (account) DO UPDATE SET
                   spent_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
                   byok_nanos = max(-9223372036854775807 - 1,
                       min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
                   requests = requests + excluded.requests";
    let query = sqlx::query(sql).bind(DEFAULT_ACCOUNT);
    let query = query.bind(spend.spent.nanos()).bind(spend.byok.nanos());
    query.bind(held(spend.requests)).execute(connection).await.map_err(failed)?;
    Ok(())
}

/// What gives the spend of ?1, past and to come, to ?2. Each may bind both.
const MOVES: [&str; 7] = [
    "DELETE FROM key_successor WHERE old_hash = ?2",
    "UPDATE key_successor SET new_hash = ?2 WHERE new_hash = ?1",
    "INSERT INTO key_successor (old_hash, new_hash) VALUES (?1, ?2)",
    "INSERT INTO key_usage_day (key_hash, day, spent_nanos, byok_nanos, requests)
     SELECT ?2, day, spent_nanos, byok_nanos, requests FROM key_usage_day WHERE key_hash = ?1
     ON CONFLICT (key_hash, day) DO UPDATE SET
         spent_nanos = max(-9223372036854775807 - 1,
             min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
         byok_nanos = max(-9223372036854775807 - 1,
             min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
         requests = requests + excluded.requests",
    "DELETE FROM key_usage_day WHERE key_hash = ?1",
    "INSERT INTO key_usage (key_hash, spent_nanos, byok_nanos, requests)
     SELECT ?2, spent_nanos, byok_nanos, requests FROM key_usage WHERE key_hash = ?1
     ON CONFLICT (key_hash) DO UPDATE SET
         spent_nanos = max(-9223372036854775807 - 1,
             min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
         byok_nanos = max(-9223372036854775807 - 1,
             min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
         requests = requests + excluded.requests",
    "DELETE FROM key_usage WHERE key_hash = ?1",
];

/// Gives the spend of `old`, past and to come, to `new`, another hash.
pub(crate) async fn move_spend(
    connection: &mut SqliteConnection,
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
