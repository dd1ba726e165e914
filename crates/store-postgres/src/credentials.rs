//! Callers' own keys in Postgres. The revision is bumped by triggers on the table.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, Postgres};
use tollgate_store::{CredentialPatch, CredentialRecord, CredentialStore, StoreError};
use tollgate_types::{KeyHash, ProviderSlug, Timestamp};

use crate::PostgresStore;
use crate::columns::{Columns, json_unless_default};
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl CredentialStore for PostgresStore {
    async fn insert(&self, credential: CredentialRecord) -> Result<CredentialRecord, StoreError> {
        self.writes.submit(Insert(credential)).await
    }

    async fn get(&self, id: &str) -> Result<Option<CredentialRecord>, StoreError> {
        fetch(&self.pool, id).await
    }

    async fn all(&self) -> Result<Vec<CredentialRecord>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(credential),
            " FROM credential WHERE deleted_at IS NULL
                   ORDER BY provider, sort_order, id"
        );
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn update(
        &self,
        id: &str,
        patch: CredentialPatch,
    ) -> Result<Option<CredentialRecord>, StoreError> {
        self.writes.submit(Update { id: id.to_owned(), patch }).await
    }

    async fn reseal(&self, id: &str, before: &[u8], after: Vec<u8>) -> Result<bool, StoreError> {
        self.writes.submit(Reseal { id: id.to_owned(), before: before.to_vec(), after }).await
    }

    async fn delete(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        self.writes.submit(Delete { id: id.to_owned(), now }).await
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM revision WHERE noun = 'credential'";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.map_err(failed)?;
        Columns::of("revision", &row).count("value")
    }
}

/// Changes of callers' own keys follow one another.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT FROM revision WHERE noun = 'credential' FOR UPDATE";

struct Insert(CredentialRecord);

#[async_trait]
impl Write for Insert {
    type Output = CredentialRecord;
    const BEGIN: &'static str = BEGIN;

    async fn apply(&self, connection: &mut PgConnection) -> Result<CredentialRecord, StoreError> {
        let Self(credential) = self;
        let sql = concat!(
            "INSERT INTO credential (
                       id, provider, workspace_id, name, label, sealed, disabled, is_fallback,
                       always_use, sort_order, allowed_models, allowed_user_ids,
                       allowed_api_key_hashes, created_at
                   ) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9,
                       coalesce((SELECT max(sort_order) + 1 FROM credential
                                 WHERE provider = $2 AND deleted_at IS NULL), 0),
                       $10, $11, $12, $13
                   WHERE NOT EXISTS (SELECT 1 FROM credential WHERE id = $1)
                   RETURNING ",
            columns!(credential)
        );
        let row = sqlx::query(sql)
            .bind(kept(&credential.id))
            .bind(kept(credential.provider.as_str()))
            .bind(credential.workspace_id.as_deref().map(kept))
            .bind(credential.name.as_deref().map(kept))
            .bind(kept(&credential.label))
            .bind(credential.sealed.as_slice())
            .bind(credential.disabled)
            .bind(credential.is_fallback)
            .bind(credential.always_use)
            .bind(json_unless_default(&credential.allowed_models))
            .bind(json_unless_default(&credential.allowed_user_ids))
            .bind(json_unless_default(&credential.allowed_api_key_hashes))
            .bind(credential.created_at.unix_millis())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
        read(&row.ok_or(StoreError::Conflict)?)
    }
}

struct Update {
    id: String,
    patch: CredentialPatch,
}

#[async_trait]
impl Write for Update {
    type Output = Option<CredentialRecord>;
    const BEGIN: &'static str = BEGIN;

    async fn apply(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<CredentialRecord>, StoreError> {
        // Reading before writing is safe: the transaction began with the lock.
        let Some(mut record) = fetch(&mut *connection, &self.id).await? else { return Ok(None) };
        self.patch.clone().apply_to(&mut record);
        if let Some(place) = self.patch.sort_order.value() {
            record.sort_order = make_room(&mut *connection, &record, *place).await?;
        }
        let sql = "UPDATE credential SET
                       name = $2, label = $3, sealed = $4, disabled = $5, is_fallback = $6,
                       always_use = $7, sort_order = $8, allowed_models = $9,
                       allowed_user_ids = $10, allowed_api_key_hashes = $11
                   WHERE id = $1 AND deleted_at IS NULL";
        sqlx::query(sql)
            .bind(kept(&record.id))
            .bind(record.name.as_deref().map(kept))
            .bind(kept(&record.label))
            .bind(record.sealed.as_slice())
            .bind(record.disabled)
            .bind(record.is_fallback)
            .bind(record.always_use)
            .bind(i64::from(record.sort_order))
            .bind(json_unless_default(&record.allowed_models))
            .bind(json_unless_default(&record.allowed_user_ids))
            .bind(json_unless_default(&record.allowed_api_key_hashes))
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(Some(record))
    }
}

/// Makes room for a key at a place among those of its provider, and says which place it has: the last
/// one where there are fewer.
async fn make_room(
    connection: &mut PgConnection,
    record: &CredentialRecord,
    place: u32,
) -> Result<u32, StoreError> {
    let sql = "UPDATE credential SET sort_order = beside.place + (beside.place >= $3)::int
               FROM (SELECT id, row_number() OVER (ORDER BY sort_order, id) - 1 AS place
                     FROM credential
                     WHERE provider = $1 AND id <> $2 AND deleted_at IS NULL) AS beside
               WHERE credential.id = beside.id";
    let others = sqlx::query(sql)
        .bind(kept(record.provider.as_str()))
        .bind(kept(&record.id))
        .bind(i64::from(place))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(u32::try_from(others.rows_affected()).unwrap_or(u32::MAX).min(place))
}

struct Reseal {
    id: String,
    before: Vec<u8>,
    after: Vec<u8>,
}

#[async_trait]
impl Write for Reseal {
    type Output = bool;
    const BEGIN: &'static str = BEGIN;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let sql = "UPDATE credential SET sealed = $3
                   WHERE id = $1 AND sealed = $2 AND deleted_at IS NULL";
        let changed = sqlx::query(sql)
            .bind(kept(&self.id))
            .bind(self.before.as_slice())
            .bind(self.after.as_slice())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(changed.rows_affected() > 0)
    }
}

struct Delete {
    id: String,
    now: Timestamp,
}

#[async_trait]
impl Write for Delete {
    type Output = bool;
    const BEGIN: &'static str = BEGIN;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let sql = "UPDATE credential SET sealed = ''::BYTEA, label = '', deleted_at = $2
                   WHERE id = $1 AND deleted_at IS NULL";
        let changed = sqlx::query(sql)
            .bind(kept(&self.id))
            .bind(self.now.unix_millis())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(changed.rows_affected() > 0)
    }
}

/// Callers' own keys that are for the calls of `old` are for those of `new`.
pub(crate) async fn rename_key(
    connection: &mut PgConnection,
    old: KeyHash,
    new: KeyHash,
) -> Result<(), StoreError> {
    // A hash has one length and one alphabet: it can't be a part of another text of such a list.
    let sql = "UPDATE credential
               SET allowed_api_key_hashes = replace(allowed_api_key_hashes, $1, $2)
               WHERE strpos(allowed_api_key_hashes, $1) > 0 AND deleted_at IS NULL";
    sqlx::query(sql)
        .bind(old.to_hex())
        .bind(new.to_hex())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn fetch<'e>(
    executor: impl Executor<'e, Database = Postgres>,
    id: &str,
) -> Result<Option<CredentialRecord>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(credential),
        " FROM credential WHERE id = $1 AND deleted_at IS NULL"
    );
    let row = sqlx::query(sql).bind(kept(id)).fetch_optional(executor).await.map_err(failed)?;
    row.as_ref().map(read).transpose()
}

fn read(row: &PgRow) -> Result<CredentialRecord, StoreError> {
    let columns = Columns::of("credential", row);
    Ok(CredentialRecord {
        id: columns.string("id")?,
        provider: columns.parsed("provider", |text| ProviderSlug::parse(text).ok())?,
        workspace_id: columns.optional_string("workspace_id")?,
        name: columns.optional_string("name")?,
        label: columns.string("label")?,
        sealed: columns.get("sealed")?,
        disabled: columns.flag("disabled")?,
        is_fallback: columns.flag("is_fallback")?,
        always_use: columns.flag("always_use")?,
        sort_order: u32::try_from(columns.count("sort_order")?).unwrap_or(u32::MAX),
        allowed_models: columns.json("allowed_models")?,
        allowed_user_ids: columns.json("allowed_user_ids")?,
        allowed_api_key_hashes: columns.json("allowed_api_key_hashes")?,
        created_at: columns.timestamp("created_at")?,
    })
}
