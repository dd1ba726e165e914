//! Feedback in SQLite.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use tollgate_store::{FeedbackCategory, FeedbackRecord, FeedbackStore, StoreError};
use tollgate_types::GenerationId;

use crate::SqliteStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::writer::Write;

#[async_trait]
impl FeedbackStore for SqliteStore {
    async fn add(&self, feedback: FeedbackRecord) -> Result<bool, StoreError> {
        self.writer.submit(Add(feedback)).await
    }

    async fn about(
        &self,
        generation: &GenerationId,
        limit: u32,
    ) -> Result<Vec<FeedbackRecord>, StoreError> {
        let sql = "SELECT * FROM feedback WHERE generation_id = ?1
                   ORDER BY created_at, id LIMIT ?2";
        let rows = sqlx::query(sql)
            .bind(generation.as_str())
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read_feedback).collect()
    }
}

struct Add(FeedbackRecord);

#[async_trait]
impl Write for Add {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let Self(feedback) = self;
        let sql = "INSERT INTO feedback
                       (id, generation_id, category, comment, key_hash, created_at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                   ON CONFLICT (id) DO NOTHING";
        let inserted = sqlx::query(sql)
            .bind(feedback.id.as_str())
            .bind(feedback.generation_id.as_str())
            .bind(feedback.category.as_str())
            .bind(feedback.comment.as_deref())
            .bind(feedback.key_hash.as_bytes().as_slice())
            .bind(feedback.created_at.unix_millis())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(inserted.rows_affected() > 0)
    }
}

fn read_feedback(row: &SqliteRow) -> Result<FeedbackRecord, StoreError> {
    let columns = Columns::of("feedback", row);
    Ok(FeedbackRecord {
        id: columns.get("id")?,
        generation_id: GenerationId::from_text(columns.text("generation_id")?),
        category: columns.parsed("category", FeedbackCategory::parse)?,
        comment: columns.get("comment")?,
        key_hash: columns.key_hash("key_hash")?,
        created_at: columns.timestamp("created_at")?,
    })
}
