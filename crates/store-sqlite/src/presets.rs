//! Presets in SQLite. The revision is bumped by triggers on the table.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor, Sqlite, SqliteConnection};
use tollgate_store::{
    DesignatedPreset, NewPresetVersion, Page, PresetPatch, PresetRecord, PresetStatus, PresetStore,
    PresetVersion, StoreError,
};
use tollgate_types::Timestamp;

use crate::SqliteStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::writer::Write;

#[async_trait]
impl PresetStore for SqliteStore {
    async fn save(
        &self,
        version: NewPresetVersion,
        now: Timestamp,
    ) -> Result<DesignatedPreset, StoreError> {
        self.writer.submit(Save { version, now }).await
    }

    async fn get(
        &self,
        workspace: &str,
        slug: &str,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        designated(&self.readers, workspace, slug).await
    }

    async fn list(&self, workspace: &str, page: Page) -> Result<Vec<PresetRecord>, StoreError> {
        let sql = "SELECT * FROM preset WHERE workspace_id = ?1
                   ORDER BY created_at DESC, slug LIMIT ?2 OFFSET ?3";
        let rows = sqlx::query(sql)
            .bind(workspace)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read_preset).collect()
    }

    async fn count(&self, workspace: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS presets FROM preset WHERE workspace_id = ?1";
        let row =
            sqlx::query(sql).bind(workspace).fetch_one(&self.readers).await.map_err(failed)?;
        Columns::of("preset", &row).count("presets")
    }

    async fn versions(&self, preset: &str, page: Page) -> Result<Vec<PresetVersion>, StoreError> {
        let sql = "SELECT * FROM preset_version WHERE preset_id = ?1
                   ORDER BY version DESC LIMIT ?2 OFFSET ?3";
        let rows = sqlx::query(sql)
            .bind(preset)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read_version).collect()
    }

    async fn version(
        &self,
        preset: &str,
        version: u32,
    ) -> Result<Option<PresetVersion>, StoreError> {
        numbered(&self.readers, preset, version).await
    }

    async fn update(
        &self,
        (workspace, slug): (&str, &str),
        patch: PresetPatch,
        now: Timestamp,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        if patch.is_empty() {
            return designated(&self.readers, workspace, slug).await;
        }
        let (workspace, slug) = (workspace.to_owned(), slug.to_owned());
        self.writer.submit(Update { workspace, slug, patch, now }).await
    }

    async fn delete(&self, workspace: &str, slug: &str) -> Result<bool, StoreError> {
        let (workspace, slug) = (workspace.to_owned(), slug.to_owned());
        self.writer.submit(Delete { workspace, slug }).await
    }

    async fn all(&self) -> Result<Vec<DesignatedPreset>, StoreError> {
        // One statement, which sees one moment.
        let sql = "SELECT preset.*, preset_version.id AS version_id, preset_id, version,
                          system_prompt, config, creator_id,
                          preset_version.created_at AS version_created_at
                   FROM preset JOIN preset_version
                     ON preset_version.id = preset.designated_version_id
                   ORDER BY preset.workspace_id, preset.slug";
        let rows = sqlx::query(sql).fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(read_designated).collect()
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM revision WHERE noun = 'preset'";
        let row = sqlx::query(sql).fetch_one(&self.readers).await.map_err(failed)?;
        Columns::of("revision", &row).count("value")
    }
}

struct Save {
    version: NewPresetVersion,
    now: Timestamp,
}

#[async_trait]
impl Write for Save {
    type Output = DesignatedPreset;

    async fn apply(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<DesignatedPreset, StoreError> {
        let Self { version: new, now } = self;
        // Reading before writing is safe here: the transaction began with the write lock.
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

    async fn apply(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        let Self { workspace, slug, patch, now } = self;
        let Some(preset) = fetch(&mut *connection, workspace, slug).await? else {
            return Ok(None);
        };
        let number = patch.designated_version.value().copied();
        let number = number.unwrap_or(preset.designated_version);
        let version = numbered(&mut *connection, &preset.id, number).await?;
        let version = version.ok_or(StoreError::Conflict)?;
        let sql = "UPDATE preset SET
                       name = coalesce(?2, name),
                       description = iif(?3, ?4, description),
                       status_updated_at =
                           iif(coalesce(?5, status) <> status, ?8, status_updated_at),
                       status = coalesce(?5, status),
                       designated_version = ?6,
                       designated_version_id = ?7,
                       updated_at = ?8
                   WHERE id = ?1
                   RETURNING *";
        let description = patch.description.value();
        let row = sqlx::query(sql)
            .bind(preset.id.as_str())
            .bind(patch.name.value().map(String::as_str))
            .bind(description.is_some())
            .bind(description.and_then(Option::as_deref))
            .bind(patch.status.value().map(|status| status.as_str()))
            .bind(version.version)
            .bind(version.id.as_str())
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

    async fn apply(&self, connection: &mut SqliteConnection) -> Result<bool, StoreError> {
        let Some(preset) = fetch(&mut *connection, &self.workspace, &self.slug).await? else {
            return Ok(false);
        };
        for sql in
            ["DELETE FROM preset_version WHERE preset_id = ?1", "DELETE FROM preset WHERE id = ?1"]
        {
            let delete = sqlx::query(sql).bind(preset.id.as_str());
            delete.execute(&mut *connection).await.map_err(failed)?;
        }
        Ok(true)
    }
}

/// Makes a preset with its first version designated; [`StoreError::Conflict`] when its id is taken.
async fn insert(
    connection: &mut SqliteConnection,
    new: &NewPresetVersion,
    now: Timestamp,
) -> Result<PresetRecord, StoreError> {
    let sql = "INSERT INTO preset (
                   id, workspace_id, slug, name, status, designated_version,
                   designated_version_id, latest_version, creator_user_id, created_at, updated_at
               ) VALUES (?1, ?2, ?3, ?3, 'active', 1, ?4, 1, ?5, ?6, ?6)
               ON CONFLICT (id) DO NOTHING
               RETURNING *";
    let row = sqlx::query(sql)
        .bind(new.preset_id.as_str())
        .bind(new.workspace_id.as_str())
        .bind(new.slug.as_str())
        .bind(new.id.as_str())
        .bind(new.creator_user_id.as_deref())
        .bind(now.unix_millis())
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    row.as_ref().map(read_preset).transpose()?.ok_or(StoreError::Conflict)
}

/// Counts a new version of a preset and designates it.
async fn advance(
    connection: &mut SqliteConnection,
    preset: &str,
    version: &str,
    now: Timestamp,
) -> Result<PresetRecord, StoreError> {
    let sql = "UPDATE preset SET
                   latest_version = latest_version + 1,
                   designated_version = latest_version + 1,
                   designated_version_id = ?2,
                   updated_at = ?3
               WHERE id = ?1
               RETURNING *";
    let row = sqlx::query(sql)
        .bind(preset)
        .bind(version)
        .bind(now.unix_millis())
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    read_preset(&row)
}

async fn insert_version(
    connection: &mut SqliteConnection,
    version: &PresetVersion,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO preset_version
                   (id, preset_id, version, system_prompt, config, creator_id, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    sqlx::query(sql)
        .bind(version.id.as_str())
        .bind(version.preset_id.as_str())
        .bind(version.version)
        .bind(version.system_prompt.as_deref())
        .bind(version.config.as_str())
        .bind(version.creator_id.as_str())
        .bind(version.created_at.unix_millis())
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

async fn designated<'e>(
    from: impl Executor<'e, Database = Sqlite>,
    workspace: &str,
    slug: &str,
) -> Result<Option<DesignatedPreset>, StoreError> {
    let sql = "SELECT preset.*, preset_version.id AS version_id, preset_id, version,
                      system_prompt, config, creator_id,
                      preset_version.created_at AS version_created_at
               FROM preset JOIN preset_version
                 ON preset_version.id = preset.designated_version_id
               WHERE workspace_id = ?1 AND slug = ?2";
    let query = sqlx::query(sql).bind(workspace).bind(slug);
    let row = query.fetch_optional(from).await.map_err(failed)?;
    row.as_ref().map(read_designated).transpose()
}

async fn fetch<'e>(
    from: impl Executor<'e, Database = Sqlite>,
    workspace: &str,
    slug: &str,
) -> Result<Option<PresetRecord>, StoreError> {
    let sql = "SELECT * FROM preset WHERE workspace_id = ?1 AND slug = ?2";
    let query = sqlx::query(sql).bind(workspace).bind(slug);
    let row = query.fetch_optional(from).await.map_err(failed)?;
    row.as_ref().map(read_preset).transpose()
}

async fn numbered<'e>(
    from: impl Executor<'e, Database = Sqlite>,
    preset: &str,
    version: u32,
) -> Result<Option<PresetVersion>, StoreError> {
    let sql = "SELECT * FROM preset_version WHERE preset_id = ?1 AND version = ?2";
    let query = sqlx::query(sql).bind(preset).bind(version);
    let row = query.fetch_optional(from).await.map_err(failed)?;
    row.as_ref().map(read_version).transpose()
}

async fn with_id(
    connection: &mut SqliteConnection,
    id: &str,
) -> Result<Option<PresetVersion>, StoreError> {
    let query = sqlx::query("SELECT * FROM preset_version WHERE id = ?1").bind(id);
    let row = query.fetch_optional(connection).await.map_err(failed)?;
    row.as_ref().map(read_version).transpose()
}

fn read_preset(row: &SqliteRow) -> Result<PresetRecord, StoreError> {
    let columns = Columns::of("preset", row);
    Ok(PresetRecord {
        id: columns.get("id")?,
        workspace_id: columns.get("workspace_id")?,
        slug: columns.get("slug")?,
        name: columns.get("name")?,
        description: columns.get("description")?,
        status: columns.parsed("status", PresetStatus::parse)?,
        status_updated_at: columns.optional_timestamp("status_updated_at")?,
        designated_version: columns.get("designated_version")?,
        designated_version_id: columns.get("designated_version_id")?,
        latest_version: columns.get("latest_version")?,
        creator_user_id: columns.get("creator_user_id")?,
        created_at: columns.timestamp("created_at")?,
        updated_at: columns.timestamp("updated_at")?,
    })
}

fn read_version(row: &SqliteRow) -> Result<PresetVersion, StoreError> {
    version_of(row, "id", "created_at")
}

fn read_designated(row: &SqliteRow) -> Result<DesignatedPreset, StoreError> {
    let version = version_of(row, "version_id", "version_created_at")?;
    Ok(DesignatedPreset { preset: read_preset(row)?, version })
}

fn version_of(row: &SqliteRow, id: &str, created_at: &str) -> Result<PresetVersion, StoreError> {
    let columns = Columns::of("preset_version", row);
    Ok(PresetVersion {
        id: columns.get(id)?,
        preset_id: columns.get("preset_id")?,
        version: columns.get("version")?,
        system_prompt: columns.get("system_prompt")?,
        config: columns.get("config")?,
        creator_id: columns.get("creator_id")?,
        created_at: columns.timestamp(created_at)?,
    })
}
