//! Feedback in Postgres.

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_store::{FeedbackCategory, FeedbackRecord, FeedbackStore, StoreError};
use tollgate_types::GenerationId;

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl FeedbackStore for PostgresStore {
    async fn add(&self, feedback: FeedbackRecord) -> Result<bool, StoreError> {
        self.writes.submit(Add(feedback)).await
    }

    async fn about(
        &self,
        generation: &GenerationId,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(feedback),
            " FROM feedback WHERE generation_id = $1
                   ORDER BY created_at, id LIMIT $2"
        );
        let rows = sqlx::query(sql)
            .bind(kept(generation.as_str()))
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(read_feedback).collect()
    }
}

struct Add(FeedbackRecord);

#[async_trait]
impl Write for Add {
    type Output = bool;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let Self(feedback) = self;
        let sql = "INSERT INTO feedback
                       (id, generation_id, category, comment, key_hash, created_at)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (id) DO NOTHING";
        let inserted = sqlx::query(sql)
            .bind(kept(&feedback.id))
            .bind(kept(feedback.generation_id.as_str()))
            .bind(feedback.category.as_str())
            .bind(feedback.comment.as_deref().map(kept))
            .bind(feedback.key_hash.as_bytes().as_slice())
            .bind(feedback.created_at.unix_millis())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(inserted.rows_affected() > 0)
    }
}

fn read_feedback(row: &PgRow) -> Result<FeedbackRecord, StoreError> {
    let columns = Columns::of("feedback", row);
    Ok(FeedbackRecord {
        id: columns.string("id")?,
        generation_id: GenerationId::from_text(&columns.text("generation_id")?),
        category: columns.parsed("category", FeedbackCategory::parse)?,
        comment: columns.optional_string("comment")?,
        key_hash: columns.key_hash("key_hash")?,
        created_at: columns.timestamp("created_at")?,
    })
}
