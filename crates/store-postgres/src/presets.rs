//! Presets in Postgres. The revision is bumped by triggers on the table.

use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, Postgres};
use tollgate_store::{
    DesignatedPreset, NewPresetVersion, Page, PresetPatch, PresetRecord, PresetStatus, PresetStore,
    PresetVersion, StoreError,
};
use tollgate_types::Timestamp;

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl PresetStore for PostgresStore {
    async fn save(
        &self,
        version: NewPresetVersion,
        now: Timestamp,
    ) -> Result<DesignatedPreset, StoreError> {
        self.writes.submit(Save { version, now }).await
    }

    async fn get(
        &self,
        workspace: &str,
        slug: &str,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        designated(&self.pool, workspace, slug).await
    }

    async fn list(&self, workspace: &str, page: Page) -> Result<Vec<PresetRecord>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(preset),
            " FROM preset WHERE workspace_id = $1
                   ORDER BY created_at DESC, slug LIMIT $2 OFFSET $3"
        );
        let rows = sqlx::query(sql)
            .bind(kept(workspace))
            .bind(i64::from(page.limit))
            .bind(i64::from(page.offset))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(read_preset).collect()
    }

    async fn count(&self, workspace: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS presets FROM preset WHERE workspace_id = $1";
        let row =
            sqlx::query(sql).bind(kept(workspace)).fetch_one(&self.pool).await.map_err(failed)?;
        Columns::of("preset", &row).count("presets")
    }

    async fn versions(&self, preset: &str, page: Page) -> Result<Vec<PresetVersion>, StoreError> {
        let sql = concat!(
            "SELECT ",
            columns!(preset_version),
            " FROM preset_version WHERE preset_id = $1
                   ORDER BY version DESC LIMIT $2 OFFSET $3"
        );
        let rows = sqlx::query(sql)
            .bind(kept(preset))
            .bind(i64::from(page.limit))
            .bind(i64::from(page.offset))
            .fetch_all(&self.pool)
            .await
            .map_err(failed)?;
        rows.iter().map(read_version).collect()
    }

    async fn version(
        &self,
        preset: &str,
        version: u32,
    ) -> Result<Option<PresetVersion>, StoreError> {
        numbered(&self.pool, preset, version).await
    }

    async fn update(
        &self,
        (workspace, slug): (&str, &str),
        patch: PresetPatch,
        now: Timestamp,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        if patch.is_empty() {
            return designated(&self.pool, workspace, slug).await;
        }
        let (workspace, slug) = (workspace.to_owned(), slug.to_owned());
        self.writes.submit(Update { workspace, slug, patch, now }).await
    }

    async fn delete(&self, workspace: &str, slug: &str) -> Result<bool, StoreError> {
        let (workspace, slug) = (workspace.to_owned(), slug.to_owned());
        self.writes.submit(Delete { workspace, slug }).await
    }

    async fn all(&self) -> Result<Vec<DesignatedPreset>, StoreError> {
        // One statement, which sees one moment.
        let sql = concat!(
            "SELECT ",
            columns!(preset_joined),
            ", preset_version.id AS version_id, preset_id, version,
                          system_prompt, config, creator_id,
                          preset_version.created_at AS version_created_at
                   FROM preset JOIN preset_version
                     ON preset_version.id = preset.designated_version_id
                   ORDER BY preset.workspace_id, preset.slug"
        );
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.map_err(failed)?;
        rows.iter().map(read_designated).collect()
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM revision WHERE noun = 'preset'";
        let row = sqlx::query(sql).fetch_one(&self.pool).await.map_err(failed)?;
        Columns::of("revision", &row).count("value")
    }
}

/// Changes of presets follow one another.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SELECT FROM revision WHERE noun = 'preset' FOR UPDATE";

struct Save {
    version: NewPresetVersion,
    now: Timestamp,
}

#[async_trait]
impl Write for Save {
    type Output = DesignatedPreset;
    const BEGIN: &'static str = BEGIN;

    async fn apply(&self, connection: &mut PgConnection) -> Result<DesignatedPreset, StoreError> {
        let Self { version: new, now } = self;
        // Reading before writing is safe here: the transaction began with the lock.
        let known = fetch(&mut *connection, &new.workspace_id, &new.slug).await?;
        if let Some(version) = with_id(&mut *connection, &new.id).await? {
            let preset = known.filter(|preset| preset.id == version.preset_id);
            return Ok(DesignatedPreset { preset: preset.ok_or(StoreError::Conflict)?, version });
        }
        let preset = match known {
            Some(preset) => advance(connection, &preset.id, &new.id, *now).await?,
            None => insert(connection, new, *now).await?,
        };
        let version = PresetVersion {
            id: new.id.clone(),
            preset_id: preset.id.clone(),
            version: preset.latest_version,
            system_prompt: new.system_prompt.clone(),
            config: new.config.clone(),
            creator_id: new.creator_id.clone(),
            created_at: *now,
        };
        insert_version(connection, &version).await?;
        Ok(DesignatedPreset { preset, version })
    }
}

struct Update {
    workspace: String,
    slug: String,
    patch: PresetPatch,
    now: Timestamp,
}

#[async_trait]
impl Write for Update {
    type Output = Option<DesignatedPreset>;
    const BEGIN: &'static str = BEGIN;

    async fn apply(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        let Self { workspace, slug, patch, now } = self;
        let Some(preset) = fetch(&mut *connection, workspace, slug).await? else {
            return Ok(None);
        };
        let number = patch.designated_version.value().copied();
        let number = number.unwrap_or(preset.designated_version);
        let version = numbered(&mut *connection, &preset.id, number).await?;
        let version = version.ok_or(StoreError::Conflict)?;
        let sql = concat!("UPDATE preset SET
                       name = coalesce($2, name),
                       description = CASE WHEN $3 THEN $4 ELSE description END,
                       status_updated_at =
                           CASE WHEN coalesce($5, status) <> status THEN $8 ELSE status_updated_at END,
                       status = coalesce($5, status),
                       designated_version = $6,
                       designated_version_id = $7,
                       updated_at = $8
                   WHERE id = $1
                   RETURNING ", columns!(preset));
        let description = patch.description.value();
        let row = sqlx::query(sql)
            .bind(kept(&preset.id))
            .bind(patch.name.value().map(|it| kept(it)))
            .bind(description.is_some())
            .bind(description.and_then(Option::as_deref).map(kept))
            .bind(patch.status.value().map(|status| status.as_str()))
            .bind(i64::from(version.version))
            .bind(kept(&version.id))
            .bind(now.unix_millis())
            .fetch_one(connection)
            .await
            .map_err(failed)?;
        Ok(Some(DesignatedPreset { preset: read_preset(&row)?, version }))
    }
}

struct Delete {
    workspace: String,
    slug: String,
}

#[async_trait]
impl Write for Delete {
    type Output = bool;
    const BEGIN: &'static str = BEGIN;

    async fn apply(&self, connection: &mut PgConnection) -> Result<bool, StoreError> {
        let Some(preset) = fetch(&mut *connection, &self.workspace, &self.slug).await? else {
            return Ok(false);
        };
        for sql in
            ["DELETE FROM preset_version WHERE preset_id = $1", "DELETE FROM preset WHERE id = $1"]
        {
            let delete = sqlx::query(sql).bind(kept(&preset.id));
            delete.execute(&mut *connection).await.map_err(failed)?;
        }
        Ok(true)
    }
}

/// Makes a preset with its first version designated; [`StoreError::Conflict`] when its id is taken.
async fn insert(
    connection: &mut PgConnection,
    new: &NewPresetVersion,
    now: Timestamp,
) -> Result<PresetRecord, StoreError> {
    let sql = concat!(
        "INSERT INTO preset (
                   id, workspace_id, slug, name, status, designated_version,
                   designated_version_id, latest_version, creator_user_id, created_at, updated_at
               ) VALUES ($1, $2, $3, $3, 'active', 1, $4, 1, $5, $6, $6)
               ON CONFLICT (id) DO NOTHING
               RETURNING ",
        columns!(preset)
    );
    let row = sqlx::query(sql)
        .bind(kept(&new.preset_id))
        .bind(kept(&new.workspace_id))
        .bind(kept(&new.slug))
        .bind(kept(&new.id))
        .bind(new.creator_user_id.as_deref().map(kept))
        .bind(now.unix_millis())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.as_ref().map(read_preset).transpose()?.ok_or(StoreError::Conflict)
}

/// Counts a new version of a preset and designates it.
async fn advance(
    connection: &mut PgConnection,
    preset: &str,
    version: &str,
    now: Timestamp,
) -> Result<PresetRecord, StoreError> {
    let sql = concat!(
        "UPDATE preset SET
                   latest_version = latest_version + 1,
                   designated_version = latest_version + 1,
                   designated_version_id = $2,
                   updated_at = $3
               WHERE id = $1
               RETURNING ",
        columns!(preset)
    );
    let row = sqlx::query(sql)
        .bind(kept(preset))
        .bind(kept(version))
        .bind(now.unix_millis())
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    read_preset(&row)
}

async fn insert_version(
    connection: &mut PgConnection,
    version: &PresetVersion,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO preset_version
                   (id, preset_id, version, system_prompt, config, creator_id, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(sql)
        .bind(kept(&version.id))
        .bind(kept(&version.preset_id))
        .bind(i64::from(version.version))
        .bind(version.system_prompt.as_deref().map(kept))
        .bind(kept(&version.config))
        .bind(kept(&version.creator_id))
        .bind(version.created_at.unix_millis())
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

async fn designated<'e>(
    from: impl Executor<'e, Database = Postgres>,
    workspace: &str,
    slug: &str,
) -> Result<Option<DesignatedPreset>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(preset_joined),
        ", preset_version.id AS version_id, preset_id, version,
                      system_prompt, config, creator_id,
                      preset_version.created_at AS version_created_at
               FROM preset JOIN preset_version
                 ON preset_version.id = preset.designated_version_id
               WHERE workspace_id = $1 AND slug = $2"
    );
    let query = sqlx::query(sql).bind(kept(workspace)).bind(kept(slug));
    let row = query.fetch_optional(from).await.map_err(failed)?;
    row.as_ref().map(read_designated).transpose()
}

async fn fetch<'e>(
    from: impl Executor<'e, Database = Postgres>,
    workspace: &str,
    slug: &str,
) -> Result<Option<PresetRecord>, StoreError> {
    let sql =
        concat!("SELECT ", columns!(preset), " FROM preset WHERE workspace_id = $1 AND slug = $2");
    let query = sqlx::query(sql).bind(kept(workspace)).bind(kept(slug));
    let row = query.fetch_optional(from).await.map_err(failed)?;
    row.as_ref().map(read_preset).transpose()
}

async fn numbered<'e>(
    from: impl Executor<'e, Database = Postgres>,
    preset: &str,
    version: u32,
) -> Result<Option<PresetVersion>, StoreError> {
    let sql = concat!(
        "SELECT ",
        columns!(preset_version),
        " FROM preset_version WHERE preset_id = $1 AND version = $2"
    );
    let query = sqlx::query(sql).bind(kept(preset)).bind(i64::from(version));
    let row = query.fetch_optional(from).await.map_err(failed)?;
    row.as_ref().map(read_version).transpose()
}

async fn with_id(
    connection: &mut PgConnection,
    id: &str,
) -> Result<Option<PresetVersion>, StoreError> {
    let query = sqlx::query(concat!(
        "SELECT ",
        columns!(preset_version),
        " FROM preset_version WHERE id = $1"
    ))
    .bind(kept(id));
    let row = query.fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(read_version).transpose()
}

fn read_preset(row: &PgRow) -> Result<PresetRecord, StoreError> {
    let columns = Columns::of("preset", row);
    Ok(PresetRecord {
        id: columns.string("id")?,
        workspace_id: columns.string("workspace_id")?,
        slug: columns.string("slug")?,
        name: columns.string("name")?,
        description: columns.optional_string("description")?,
        status: columns.parsed("status", PresetStatus::parse)?,
        status_updated_at: columns.optional_timestamp("status_updated_at")?,
        designated_version: columns.number("designated_version")?,
        designated_version_id: columns.string("designated_version_id")?,
        latest_version: columns.number("latest_version")?,
        creator_user_id: columns.optional_string("creator_user_id")?,
        created_at: columns.timestamp("created_at")?,
        updated_at: columns.timestamp("updated_at")?,
    })
}

fn read_version(row: &PgRow) -> Result<PresetVersion, StoreError> {
    version_of(row, "id", "created_at")
}

fn read_designated(row: &PgRow) -> Result<DesignatedPreset, StoreError> {
    let version = version_of(row, "version_id", "version_created_at")?;
    Ok(DesignatedPreset { preset: read_preset(row)?, version })
}

fn version_of(row: &PgRow, id: &str, created_at: &str) -> Result<PresetVersion, StoreError> {
    let columns = Columns::of("preset_version", row);
    Ok(PresetVersion {
        id: columns.string(id)?,
        preset_id: columns.string("preset_id")?,
        version: columns.number("version")?,
        system_prompt: columns.optional_string("system_prompt")?,
        config: columns.string("config")?,
        creator_id: columns.string("creator_id")?,
        created_at: columns.timestamp(created_at)?,
    })
}
