//! Removing generations that are old, in Postgres: whole months where they are over, else rows.

use async_trait::async_trait;
use sqlx::PgConnection;
use tollgate_store::StoreError;
use tollgate_types::Timestamp;

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::{Remedy, failed};
use crate::writes::Write;

impl PostgresStore {
    pub(crate) async fn remove_generations(
        &self,
        before: Timestamp,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        if self.months.may_drop() {
            match self.writes.submit(DropMonth(before)).await {
                // None is over, or it had nothing.
                Ok(None | Some(0)) => {}
                Ok(Some(removed)) => return Ok(removed),
                // Somebody reads for long.
                Err(error) if Remedy::of(&error) == Remedy::Again => {
                    self.months.drop_later();
                    tracing::info!(
                        "a month is in use; its rows are removed one by one for a while"
                    );
                }
                Err(error) => return Err(error),
            }
        }
        self.writes.submit(RemoveBefore(before, at_most)).await
    }
}

struct DropMonth(Timestamp);

#[async_trait]
impl Write for DropMonth {
    type Output = Option<u64>;

    /// Adding up a month takes longer than any other statement may. Whoever writes waits for the
    /// partition to go, which waits for whoever reads: for a moment only.
    const BEGIN: &'static str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
        SET LOCAL statement_timeout = '15min';
        SET LOCAL lock_timeout = '250ms'";

    async fn apply(&self, connection: &mut PgConnection) -> Result<Option<u64>, StoreError> {
        let row = sqlx::query("SELECT drop_generation_month($1) AS removed")
            .bind(self.0.unix_millis())
            .fetch_one(connection)
            .await
            .map_err(failed)?;
        Columns::of("generation", &row).optional_count("removed")
    }
}

struct RemoveBefore(Timestamp, u32);

#[async_trait]
impl Write for RemoveBefore {
    type Output = u64;

    async fn apply(&self, connection: &mut PgConnection) -> Result<u64, StoreError> {
        // What is removed is what is added up, whoever else removes at the same time.
        let sql = "WITH old AS (
                       SELECT created_at, id FROM generation WHERE created_at < $1
                       ORDER BY created_at, id LIMIT $2
                   ), gone AS (
                       DELETE FROM generation USING old
                       WHERE generation.created_at = old.created_at AND generation.id = old.id
                       RETURNING generation.id, account, cost_nanos
                   ), said AS (
                       DELETE FROM feedback USING gone WHERE feedback.generation_id = gone.id
                   ), words AS (
                       DELETE FROM generation_content USING gone
                       WHERE generation_content.generation_id = gone.id
                   ), cost AS (
                       INSERT INTO generation_gone_cost (account, cost_nanos)
                       SELECT account, held_sum(sum(cost_nanos), 0) FROM gone
                       WHERE cost_nanos > 0 GROUP BY account ORDER BY account
                       ON CONFLICT (account) DO UPDATE SET cost_nanos =
                           held_sum(generation_gone_cost.cost_nanos, excluded.cost_nanos)
                   )
                   SELECT count(*) AS removed FROM gone";
        let row = sqlx::query(sql)
            .bind(self.0.unix_millis())
            .bind(i64::from(self.1))
            .fetch_one(connection)
            .await
            .map_err(failed)?;
        Columns::of("generation", &row).count("removed")
    }
}
