//! What was said and answered, in SQLite.

use async_trait::async_trait;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use tollgate_store::{ContentRecord, ContentStore, StoreError};
use tollgate_types::{GenerationId, Timestamp};

use crate::SqliteStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::writer::Write;

#[async_trait]
impl ContentStore for SqliteStore {
    async fn keep(&self, batch: Vec<ContentRecord>) -> Result<(), StoreError> {
        self.writer.submit(Keep(batch)).await
    }

    async fn content(
        &self,
        generation: &GenerationId,
    ) -> Result<Option<ContentRecord>, StoreError> {
        let sql = "SELECT * FROM generation_content WHERE generation_id = ?1";
        let query = sqlx::query(sql).bind(generation.as_str());
        let row = query.fetch_optional(&self.readers).await.map_err(failed)?;
        row.as_ref().map(read).transpose()
    }

    async fn contents_after(
        &self,
        after: Option<&GenerationId>,
        limit: u32,
    ) -> Result<Vec<ContentRecord>, StoreError> {
        let sql = "SELECT * FROM generation_content WHERE generation_id > coalesce(?1, '')
                   ORDER BY generation_id LIMIT ?2";
        let query = sqlx::query(sql).bind(after.map(GenerationId::as_str)).bind(limit);
        let rows = query.fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn reseal_content(
        &self,
        generation: &GenerationId,
        before: &[u8],
        after: Vec<u8>,
    ) -> Result<bool, StoreError> {
        let id = generation.as_str().to_owned();
        self.writer.submit(Reseal { id, before: before.to_vec(), after }).await
    }

    async fn remove_contents_before(
        &self,
        before: Timestamp,
        at_most: u32,
    ) -> Result<u64, StoreError> {
        self.writer.submit(RemoveBefore(before, at_most)).await
    }
}

struct Keep(Vec<ContentRecord>);

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let sql = "INSERT INTO generation_content (generation_id, created_at, sealed)
                   VALUES (?1, ?2, ?3) ON CONFLICT (generation_id) DO NOTHING";
        for content in &self.0 {
            sqlx::query(sql)
                .bind(content.generation_id.as_str())
                .bind(content.created_at.unix_millis())
                .bind(content.sealed.as_slice())
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
        }
        Ok(())
    }
}

struct Reseal {
    id: String,
    before: Vec<u8>,
    after: Vec<u8>,
}

#[async_trait]
impl Write for Reseal {
    type Output = bool;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let sql = "UPDATE generation_content SET sealed = ?3
                   WHERE generation_id = ?1 AND sealed = ?2";
        let done = sqlx::query(sql)
            .bind(self.id.as_str())
            .bind(self.before.as_slice())
            .bind(self.after.as_slice())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(done.rows_affected() > 0)
    }
}

struct RemoveBefore(Timestamp, u32);

#[async_trait]
impl Write for RemoveBefore {
    type Output = u64;

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        let sql = "DELETE FROM generation_content WHERE generation_id IN (
                       SELECT generation_id FROM generation_content WHERE created_at < ?1
                       ORDER BY created_at, generation_id LIMIT ?2
                   )";
        let query = sqlx::query(sql).bind(self.0.unix_millis()).bind(self.1);
        Ok(query.execute(connection).await.map_err(failed)?.rows_affected())
    }
}

fn read(row: &SqliteRow) -> Result<ContentRecord, StoreError> {
    let columns = Columns::of("generation_content", row);
    Ok(ContentRecord {
        generation_id: GenerationId::from_text(columns.text("generation_id")?),
        created_at: columns.timestamp("created_at")?,
        sealed: columns.get("sealed")?,
    })
}
