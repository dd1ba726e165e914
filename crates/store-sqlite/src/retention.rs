//! Removing generations that are old, in SQLite.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tollgate_store::StoreError;
use tollgate_types::Timestamp;

use crate::error::failed;
use crate::writer::Write;

/// What is removed, oldest first: the same rows in every statement of the transaction.
macro_rules! old {
    ($columns:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM generation WHERE created_at < ?1 ORDER BY created_at, id LIMIT ?2"
        )
    };
}

pub(crate) struct RemoveBefore(pub(crate) Timestamp, pub(crate) u32);

#[async_trait]
impl Write for RemoveBefore {
    type Output = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let steps = [
            concat!("INSERT INTO generation_gone (id) ", old!("id")),
            concat!(
                "INSERT INTO generation_gone_cost (account, cost_nanos)
                 SELECT account, sum(cost_nanos) FROM (",
                old!("account, cost_nanos"),
                ") WHERE cost_nanos > 0 GROUP BY account
                 ON CONFLICT (account) DO UPDATE SET cost_nanos =
                     min(9223372036854775807, cost_nanos + excluded.cost_nanos)"
            ),
            concat!("DELETE FROM feedback WHERE generation_id IN (", old!("id"), ")"),
            concat!("DELETE FROM generation_content WHERE generation_id IN (", old!("id"), ")"),
            concat!("DELETE FROM generation WHERE id IN (", old!("id"), ")"),
        ];
        let mut removed = 0;
        for sql in steps {
            let query = sqlx::query(sql).bind(self.0.unix_millis()).bind(self.1);
            removed = query.execute(&mut *connection).await.map_err(failed)?.rows_affected();
        }
        Ok(removed)
    }
}
