//! Administrative records in Postgres. The revision is bumped by triggers on the table.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, Postgres};
use tollgate_store::{
    DocumentChange, DocumentQuery, DocumentStep, DocumentStore, RawDocument, StoreError,
};

use crate::PostgresStore;
use crate::columns::{Columns, held};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl DocumentStore for PostgresStore {
    async fn write(&self, changes: Vec<DocumentChange>) -> Result<(), StoreError> {
        self.writes.submit(Apply(changes)).await
    }

    async fn get(&self, kind: &str, id: &str) -> Result<Option<RawDocument>, StoreError> {
        get(&self.pool, kind, id).await
    }

    async fn find(&self, kind: &str, name: &str) -> Result<Option<RawDocument>, StoreError> {
        find(&self.pool, kind, name).await
    }

    async fn list(&self, query: &DocumentQuery) -> Result<Vec<RawDocument>, StoreError> {
        // A parent is compared where one is named only, so that either index serves.
        let sql = match (query.parent.is_some(), query.descending) {
            (false, false) => concat!(
                "SELECT ",
                columns!(document),
                " FROM document WHERE kind = $1 AND $2::TEXT IS NULL
                 AND ($3::TEXT IS NULL OR id > $3)
                 ORDER BY id LIMIT $4"
            ),
            (false, true) => concat!(
                "SELECT ",
                columns!(document),
                " FROM document WHERE kind = $1 AND $2::TEXT IS NULL
                 AND ($3::TEXT IS NULL OR id < $3)
                 ORDER BY id DESC LIMIT $4"
            ),
            (true, false) => concat!(
                "SELECT ",
                columns!(document),
                " FROM document WHERE kind = $1 AND parent = $2
                 AND ($3::TEXT IS NULL OR id > $3)
                 ORDER BY id LIMIT $4"
            ),
            (true, true) => concat!(
                "SELECT ",
                columns!(document),
                " FROM document WHERE kind = $1 AND parent = $2
                 AND ($3::TEXT IS NULL OR id < $3)
                 ORDER BY id DESC LIMIT $4"
            ),
        };
        let rows = sqlx::query(sql)
            .bind(kept(&query.kind))
            .bind(query.parent.as_deref().map(kept))
            .bind(query.after.as_deref().map(kept))
            .bind(i64::from(query.limit))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn count(&self, kind: &str, parent: Option<&str>) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS documents FROM document
                   WHERE kind = $1 AND ($2::TEXT IS NULL OR parent = $2)";
        let row = sqlx::query(sql)
            .bind(kept(kind))
            .bind(parent.map(kept))
            .fetch_one(&self.pool)
            .await
            .map_err(failed)?;
        Columns::of("document", &row).count("documents")
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM revision WHERE noun = 'document'";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.map_err(failed)?;
        Columns::of("revision", &row).count("value")
    }
}

struct Apply(Vec<DocumentChange>);

#[async_trait]
impl Write for Apply {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        // Writers take turns: what is read here stays so until the transaction ends.
        let turn = "SELECT FROM revision WHERE noun = 'document' FOR UPDATE";
        sqlx::query(turn).execute(&mut *connection).await.map_err(failed)?;
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

async fn put(connection: &mut PgConnection, document: &RawDocument) -> Result<(), StoreError> {
    let sql = "INSERT INTO document (kind, id, parent, name, revision, written_at, body)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (kind, id) DO UPDATE SET
                   parent = excluded.parent, name = excluded.name, revision = excluded.revision,
                   written_at = excluded.written_at, body = excluded.body";
    sqlx::query(sql)
        .bind(kept(&document.kind))
        .bind(kept(&document.id))
        .bind(document.parent.as_deref().map(kept))
        .bind(document.name.as_deref().map(kept))
        .bind(held(document.revision))
        .bind(document.written_at.unix_millis())
        .bind(kept(&document.body))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn remove(connection: &mut PgConnection, kind: &str, id: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM document WHERE kind = $1 AND id = $2";
    sqlx::query(sql).bind(kept(kind)).bind(kept(id)).execute(connection).await.map_err(failed)?;
    Ok(())
}

async fn get(
    executor: impl Executor<'_, Database = Postgres>,
    kind: &str,
    id: &str,
) -> Result<Option<RawDocument>, StoreError> {
    let sql = concat!("SELECT ", columns!(document), " FROM document WHERE kind = $1 AND id = $2");
    let row = sqlx::query(sql)
        .bind(kept(kind))
        .bind(kept(id))
        .fetch_optional(executor)
        .await
        .map_err(failed)?;
    row.as_ref().map(read).transpose()
}

async fn find(
    executor: impl Executor<'_, Database = Postgres>,
    kind: &str,
    name: &str,
) -> Result<Option<RawDocument>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(document), " FROM document WHERE kind = $1 AND name = $2");
    let row = sqlx::query(sql)
        .bind(kept(kind))
        .bind(kept(name))
        .fetch_optional(executor)
        .await
        .map_err(failed)?;
    row.as_ref().map(read).transpose()
}

fn read(row: &PgRow) -> Result<RawDocument, StoreError> {
    let columns = Columns::of("document", row);
    Ok(RawDocument {
        kind: columns.string("kind")?,
        id: columns.string("id")?,
        parent: columns.optional_string("parent")?,
        name: columns.optional_string("name")?,
        revision: columns.count("revision")?,
        written_at: columns.timestamp("written_at")?,
        body: columns.string("body")?,
    })
}
