//! Administrative records in SQLite. The revision is bumped by triggers on the table.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor, Sqlite, SqliteConnection};
use tollgate_store::{
    DocumentChange, DocumentQuery, DocumentStep, DocumentStore, RawDocument, StoreError,
};

use crate::SqliteStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::writer::Write;

#[async_trait]
impl DocumentStore for SqliteStore {
    async fn write(&self, changes: Vec<DocumentChange>) -> Result<(), StoreError> {
        self.writer.submit(Apply(changes)).await
    }

    async fn get(&self, kind: &str, id: &str) -> Result<Option<RawDocument>, StoreError> {
        get(&self.readers, kind, id).await
    }

    async fn find(&self, kind: &str, name: &str) -> Result<Option<RawDocument>, StoreError> {
        find(&self.readers, kind, name).await
    }

    async fn list(&self, query: &DocumentQuery) -> Result<Vec<RawDocument>, StoreError> {
        // A parent is compared where one is named only, so that either index serves.
        let sql = match (query.parent.is_some(), query.descending) {
            (false, false) => {
                "SELECT * FROM document WHERE kind = ?1 AND ?2 IS NULL
                 AND (?3 IS NULL OR id > ?3)
                 ORDER BY id LIMIT ?4"
            }
            (false, true) => {
                "SELECT * FROM document WHERE kind = ?1 AND ?2 IS NULL
                 AND (?3 IS NULL OR id < ?3)
                 ORDER BY id DESC LIMIT ?4"
            }
            (true, false) => {
                "SELECT * FROM document WHERE kind = ?1 AND parent = ?2
                 AND (?3 IS NULL OR id > ?3)
                 ORDER BY id LIMIT ?4"
            }
            (true, true) => {
                "SELECT * FROM document WHERE kind = ?1 AND parent = ?2
                 AND (?3 IS NULL OR id < ?3)
                 ORDER BY id DESC LIMIT ?4"
            }
        };
        let rows = sqlx::query(sql)
            .bind(query.kind.as_str())
            .bind(query.parent.as_deref())
            .bind(query.after.as_deref())
            .bind(query.limit)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn count(&self, kind: &str, parent: Option<&str>) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS documents FROM document
                   WHERE kind = ?1 AND (?2 IS NULL OR parent = ?2)";
        let row = sqlx::query(sql)
            .bind(kind)
            .bind(parent)
            .fetch_one(&self.readers)
            .await
            .map_err(failed)?;
        Columns::of("document", &row).count("documents")
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM revision WHERE noun = 'document'";
        let row = sqlx::query(sql).fetch_one(&self.readers).await.map_err(failed)?;
        Columns::of("revision", &row).count("value")
    }
}

struct Apply(Vec<DocumentChange>);

#[async_trait]
impl Write for Apply {
    type Output = ();

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        // Reading before writing is safe: the transaction began with the write lock.
        let Self(changes) = self;
        for change in changes {
            let (kind, id) = change.place();
            let current = get(&mut *connection, kind, id).await?;
            let holder = match change.name() {
                Some(name) => find(&mut *connection, kind, name).await?,
                None => None,
            };
            match change.step(current.as_ref(), holder.as_ref())? {
                DocumentStep::Nothing => {}
                DocumentStep::Put(document) => put(&mut *connection, document).await?,
                DocumentStep::Remove => remove(&mut *connection, kind, id).await?,
            }
        }
        Ok(())
    }
}

async fn put(connection: &mut SqliteConnection, document: &RawDocument) -> Result<(), StoreError> {
    let sql = "INSERT INTO document (kind, id, parent, name, revision, written_at, body)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT (kind, id) DO UPDATE SET
                   parent = excluded.parent, name = excluded.name, revision = excluded.revision,
                   written_at = excluded.written_at, body = excluded.body";
    sqlx::query(sql)
        .bind(document.kind.as_str())
        .bind(document.id.as_str())
        .bind(document.parent.as_deref())
        .bind(document.name.as_deref())
        .bind(held(document.revision))
        .bind(document.written_at.unix_millis())
        .bind(document.body.as_str())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, kind: &str, id: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM document WHERE kind = ?1 AND id = ?2";
    sqlx::query(sql).bind(kind).bind(id).execute(connection).await.map_err(failed)?;
    Ok(())
}

async fn get(
    executor: impl Executor<'_, Database = Sqlite>,
    kind: &str,
    id: &str,
) -> Result<Option<RawDocument>, StoreError> {
    let sql = "SELECT * FROM document WHERE kind = ?1 AND id = ?2";
    let row =
        sqlx::query(sql).bind(kind).bind(id).fetch_optional(executor).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

async fn find(
    executor: impl Executor<'_, Database = Sqlite>,
    kind: &str,
    name: &str,
) -> Result<Option<RawDocument>, StoreError> {
    let sql = "SELECT * FROM document WHERE kind = ?1 AND name = ?2";
    let row =
        sqlx::query(sql).bind(kind).bind(name).fetch_optional(executor).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

fn read(row: &SqliteRow) -> Result<RawDocument, StoreError> {
    let columns = Columns::of("document", row);
    Ok(RawDocument {
        kind: columns.get("kind")?,
        id: columns.get("id")?,
        parent: columns.get("parent")?,
        name: columns.get("name")?,
        revision: columns.count("revision")?,
        written_at: columns.timestamp("written_at")?,
        body: columns.get("body")?,
    })
}
