//! Keys in Postgres. The revision is bumped by triggers on the table.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, Postgres};
use tollgate_store::{
    Change, KeyPatch, KeyQuery, KeyRecord, KeyStore, KeySuccessor, Rekeyed, ResetInterval,
    StoreError,
};
use tollgate_types::{KeyHash, Timestamp, Usd};

use crate::PostgresStore;
use crate::columns::{Columns, json_unless_default};
use crate::credentials::rename_key;
use crate::error::failed;
use crate::text::kept;
use crate::usage::move_spend;
use crate::writes::Write;

#[async_trait]
impl KeyStore for PostgresStore {
    async fn insert(&self, key: KeyRecord) -> Result<(), StoreError> {
        self.writes.submit(Insert(key)).await
    }

    async fn get(&self, hash: KeyHash) -> Result<Option<KeyRecord>, StoreError> {
        fetch(&self.pool, hash).await
    }

    async fn list(&self, query: &KeyQuery) -> Result<Vec<KeyRecord>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(api_key),
            " FROM api_key
                   WHERE NOT session AND ($1 OR NOT disabled)
                   AND ($2::TEXT IS NULL OR workspace_id = $2)
                   ORDER BY created_at DESC, hash LIMIT $3 OFFSET $4"
        );
        let rows = sqlx::query(sql)
            .bind(query.include_disabled)
            .bind(query.workspace_id.as_deref().map(kept))
            .bind(i64::from(query.limit))
            .bind(i64::from(query.offset))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(read_key).collect()
    }

    async fn all(&self) -> Result<Vec<KeyRecord>, StoreError> {
        let sql =
            concat!("SELECT ", columns!(api_key), " FROM api_key ORDER BY created_at DESC, hash");
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_key).collect()
    }

    async fn update(
        &self,
        hash: KeyHash,
        patch: KeyPatch,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        if patch.is_empty() {
            return self.get(hash).await;
        }
        self.writes.submit(Update { hash, patch, now }).await
    }

    async fn delete(&self, hash: KeyHash) -> Result<bool, StoreError> {
        self.writes.submit(Delete(hash)).await
    }

    async fn replace(
        &self,
        old: KeyHash,
        successor: KeySuccessor,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError> {
        self.writes.submit(Replace { old, successor, now }).await
    }

    async fn pepper(&self) -> Result<Option<Vec<u8>>, StoreError> {
        pepper(&self.pool).await
    }

    async fn keep_pepper(
        &self,
        sealed: Vec<u8>,
        rekeyed: Vec<Rekeyed>,
    ) -> Result<bool, StoreError> {
        self.writes.submit(KeepPepper { sealed, rekeyed }).await
    }

    async fn reseal_pepper(&self, before: Vec<u8>, after: Vec<u8>) -> Result<bool, StoreError> {
        self.writes.submit(ResealPepper { before, after }).await
    }

    async fn successors(&self, of: &[KeyHash]) -> Result<Vec<(KeyHash, KeyHash)>, StoreError> {
        let sql = "SELECT old_hash, new_hash FROM key_successor WHERE old_hash = ANY($1)";
        let of: Vec<&[u8]> = of.iter().map(|hash| hash.as_bytes().as_slice()).collect();
        let rows = sqlx::query(sql).bind(of).fetch_all(&self.pool).await.map_err(failed)?;
        let pair = |row: &PgRow| {
            let columns = Columns::of("key_successor", row);
            Ok((columns.key_hash("old_hash")?, columns.key_hash("new_hash")?))
        };
        rows.iter().map(pair).collect()
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM revision WHERE noun = 'api_key'";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.map_err(failed)?;
        Columns::of("revision", &row).count("value")
    }
}

/// Changes of keys follow one another.
const CHANGE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT FROM revision WHERE noun = 'api_key' FOR UPDATE";

/// The same where it changes which key spend counts for: no batch of records may be between
/// looking for a key's successor and counting (see [`COUNT`](crate::usage::COUNT)). Callers' own
/// keys follow, too.
const ROTATE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT FROM revision WHERE noun = 'api_key' FOR UPDATE;
    SELECT pg_advisory_xact_lock(7021788203141529601);
    SELECT FROM revision WHERE noun = 'credential' FOR UPDATE";

struct Insert(KeyRecord);

#[async_trait]
impl Write for Insert {
    type Output = ();
    const BEGIN: &'static str = ROTATE;

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let Self(key) = self;
        let sql = "INSERT INTO api_key (
                       hash, name, label, management, disabled, limit_nanos, limit_reset,
                       include_byok_in_limit, created_at, updated_at, expires_at,
                       creator_user_id, workspace_id, rate_limits,
                       allowed_models, allowed_providers, allowed_addresses, former, keyed,
                       session
                   ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                             $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
                   ON CONFLICT (hash) DO NOTHING";
        let inserted = sqlx::query(sql)
            .bind(key.hash.as_bytes().as_slice())
            .bind(kept(&key.name))
            .bind(kept(&key.label))
            .bind(key.management)
            .bind(key.disabled)
            .bind(key.limit.map(Usd::nanos))
            .bind(key.limit_reset.map(ResetInterval::as_str))
            .bind(key.include_byok_in_limit)
            .bind(key.created_at.unix_millis())
            .bind(key.updated_at.map(Timestamp::unix_millis))
            .bind(key.expires_at.map(Timestamp::unix_millis))
            .bind(key.creator_user_id.as_deref().map(kept))
            .bind(kept(&key.workspace_id))
            .bind(json_unless_default(&key.rate_limits))
            .bind(json_unless_default(&key.allowed_models))
            .bind(json_unless_default(&key.allowed_providers))
            .bind(json_unless_default(&key.allowed_addresses))
            .bind(json_unless_default(&key.former))
            .bind(key.keyed)
            .bind(key.session)
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
        if inserted.rows_affected() == 0 {
            return Err(StoreError::Conflict);
        }
        // A secret that was rotated away and comes back counts for itself again.
        sqlx::query("DELETE FROM key_successor WHERE old_hash = $1")
            .bind(key.hash.as_bytes().as_slice())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

struct Update {
    hash: KeyHash,
    patch: KeyPatch,
    now: Timestamp,
}

#[async_trait]
impl Write for Update {
    type Output = Option<KeyRecord>;
    const BEGIN: &'static str = CHANGE;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Option<KeyRecord>, StoreError> {
        let sql = concat!(
            "UPDATE api_key SET
                       name = coalesce($2, name),
                       disabled = coalesce($3, disabled),
                       include_byok_in_limit = coalesce($4, include_byok_in_limit),
                       limit_nanos = CASE WHEN $5 THEN $6 ELSE limit_nanos END,
                       limit_reset = CASE WHEN $7 THEN $8 ELSE limit_reset END,
                       expires_at = CASE WHEN $9 THEN $10 ELSE expires_at END,
                       rate_limits = CASE WHEN $11 THEN $12 ELSE rate_limits END,
                       allowed_models = CASE WHEN $13 THEN $14 ELSE allowed_models END,
                       allowed_providers = CASE WHEN $15 THEN $16 ELSE allowed_providers END,
                       allowed_addresses = CASE WHEN $17 THEN $18 ELSE allowed_addresses END,
                       updated_at = $19
                   WHERE hash = $1
                   RETURNING ",
            columns!(api_key)
        );
        let patch = &self.patch;
        if let Some(seen) = &patch.seen
            && locked(connection, self.hash).await?.is_some_and(|key| key != **seen)
        {
            return Err(StoreError::Conflict);
        }
        let row = sqlx::query(sql)
            .bind(self.hash.as_bytes().as_slice())
            .bind(patch.name.value().map(|name| kept(name)))
            .bind(patch.disabled.value().copied())
            .bind(patch.include_byok_in_limit.value().copied())
            .bind(is_set(&patch.limit))
            .bind(set_to(&patch.limit).map(Usd::nanos))
            .bind(is_set(&patch.limit_reset))
            .bind(set_to(&patch.limit_reset).map(ResetInterval::as_str))
            .bind(is_set(&patch.expires_at))
            .bind(set_to(&patch.expires_at).map(Timestamp::unix_millis))
            .bind(is_set(&patch.rate_limits))
            .bind(patch.rate_limits.value().and_then(json_unless_default))
            .bind(is_set(&patch.allowed_models))
            .bind(patch.allowed_models.value().and_then(json_unless_default))
            .bind(is_set(&patch.allowed_providers))
            .bind(patch.allowed_providers.value().and_then(json_unless_default))
            .bind(is_set(&patch.allowed_addresses))
            .bind(patch.allowed_addresses.value().and_then(json_unless_default))
            .bind(self.now.unix_millis())
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
        row.as_ref().map(read_key).transpose()
    }
}

struct Delete(KeyHash);

#[async_trait]
impl Write for Delete {
    type Output = bool;
    const BEGIN: &'static str = CHANGE;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let deleted = sqlx::query("DELETE FROM api_key WHERE hash = $1")
            .bind(self.0.as_bytes().as_slice())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(deleted.rows_affected() > 0)
    }
}

struct Replace {
    old: KeyHash,
    successor: KeySuccessor,
    now: Timestamp,
}

#[async_trait]
impl Write for Replace {
    type Output = Option<KeyRecord>;
    const BEGIN: &'static str = ROTATE;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Option<KeyRecord>, StoreError> {
        let new = self.successor.hash;
        // Reading before writing is safe here: the transaction began with the lock.
        let Some(key) = fetch(&mut *connection, self.old).await? else { return Ok(None) };
        if fetch(&mut *connection, new).await?.is_some() {
            return Err(StoreError::Conflict);
        }
        let sql = concat!(
            "UPDATE api_key SET hash = $2, label = $3, updated_at = $4, former = $5, keyed = TRUE
                   WHERE hash = $1
                   RETURNING ",
            columns!(api_key)
        );
        let row = sqlx::query(sql)
            .bind(self.old.as_bytes().as_slice())
            .bind(new.as_bytes().as_slice())
            .bind(kept(&self.successor.label))
            .bind(self.now.unix_millis())
            .bind(json_unless_default(&key.former_after(&self.successor, self.now)))
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        move_spend(&mut *connection, self.old, new).await?;
        rename_key(connection, self.old, new).await?;
        read_key(&row).map(Some)
    }
}

struct KeepPepper {
    sealed: Vec<u8>,
    rekeyed: Vec<Rekeyed>,
}

#[async_trait]
impl Write for KeepPepper {
    type Output = bool;
    const BEGIN: &'static str = ROTATE;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        if pepper(&mut *connection).await?.is_some() {
            return Ok(false);
        }
        let rows = sqlx::query("SELECT hash FROM api_key WHERE NOT keyed ORDER BY hash")
            .fetch_all(&mut *connection)
            .await
            .map_err(failed)?;
        let without = rows.iter().map(|row| Columns::of("api_key", row).key_hash("hash"));
        let without = without.collect::<Result<Vec<_>, _>>()?;
        let mut named: Vec<KeyHash> = self.rekeyed.iter().map(|it| it.old).collect();
        named.sort_unstable();
        if without != named {
            return Err(StoreError::Conflict);
        }
        for Rekeyed { old, hash, former } in &self.rekeyed {
            if fetch(&mut *connection, *hash).await?.is_some() {
                return Err(StoreError::Conflict);
            }
            let sql = "UPDATE api_key SET hash = $2, former = $3, keyed = TRUE WHERE hash = $1";
            sqlx::query(sql)
                .bind(old.as_bytes().as_slice())
                .bind(hash.as_bytes().as_slice())
                .bind(json_unless_default(former))
                .execute(&mut *connection)
                .await
                .map_err(failed)?;
            move_spend(&mut *connection, *old, *hash).await?;
            rename_key(&mut *connection, *old, *hash).await?;
        }
        sqlx::query("INSERT INTO key_pepper (id, sealed) VALUES (1, $1)")
            .bind(self.sealed.as_slice())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(true)
    }
}

struct ResealPepper {
    before: Vec<u8>,
    after: Vec<u8>,
}

#[async_trait]
impl Write for ResealPepper {
    type Output = bool;
    const BEGIN: &'static str = CHANGE;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let resealed = sqlx::query("UPDATE key_pepper SET sealed = $2 WHERE sealed = $1")
            .bind(self.before.as_slice())
            .bind(self.after.as_slice())
            .execute(connection)
            .await
            .map_err(failed)?;
        Ok(resealed.rows_affected() > 0)
    }
}

async fn pepper<'e>(
    from: impl Executor<'e, Database = Postgres>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let row = sqlx::query("SELECT sealed FROM key_pepper").fetch_optional(from).await;
    let row = row.map_err(failed)?;
    row.map(|row| Columns::of("key_pepper", &row).get("sealed")).transpose()
}

async fn fetch<'e>(
    from: impl Executor<'e, Database = Postgres>,
    hash: KeyHash,
) -> Result<Option<KeyRecord>, StoreError> {
    let row = sqlx::query(concat!("SELECT ", columns!(api_key), " FROM api_key WHERE hash = $1"))
        .bind(hash.as_bytes().as_slice())
        .fetch_optional(from)
        .await
        .map_err(failed)?;
    row.as_ref().map(read_key).transpose()
}

/// The same, which nobody else changes until the transaction ends.
async fn locked(
    connection: &mut PgConnection,
    hash: KeyHash,
) -> Result<Option<KeyRecord>, StoreError> {
    let sql = concat!("SELECT ", columns!(api_key), " FROM api_key WHERE hash = $1 FOR UPDATE");
    let row = sqlx::query(sql)
        .bind(hash.as_bytes().as_slice())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.as_ref().map(read_key).transpose()
}

fn read_key(row: &PgRow) -> Result<KeyRecord, StoreError> {
    let columns = Columns::of("api_key", row);
    Ok(KeyRecord {
        hash: columns.key_hash("hash")?,
        name: columns.string("name")?,
        label: columns.string("label")?,
        management: columns.flag("management")?,
        disabled: columns.flag("disabled")?,
        limit: columns.optional_usd("limit_nanos")?,
        limit_reset: columns.optional_parsed("limit_reset", ResetInterval::parse)?,
        include_byok_in_limit: columns.flag("include_byok_in_limit")?,
        created_at: columns.timestamp("created_at")?,
        updated_at: columns.optional_timestamp("updated_at")?,
        expires_at: columns.optional_timestamp("expires_at")?,
        creator_user_id: columns.optional_string("creator_user_id")?,
        workspace_id: columns.string("workspace_id")?,
        rate_limits: columns.json("rate_limits")?,
        allowed_models: columns.json("allowed_models")?,
        allowed_providers: columns.json("allowed_providers")?,
        allowed_addresses: columns.json("allowed_addresses")?,
        former: columns.json("former")?,
        keyed: columns.flag("keyed")?,
        session: columns.flag("session")?,
    })
}

fn is_set<T>(change: &Change<T>) -> bool {
    change.value().is_some()
}

fn set_to<T: Copy>(change: &Change<Option<T>>) -> Option<T> {
    change.value().copied().flatten()
}
