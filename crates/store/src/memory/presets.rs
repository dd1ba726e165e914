//! Presets in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use tollgate_types::Timestamp;

use super::{MemoryStore, State, take};
use crate::{
    DesignatedPreset, NewPresetVersion, Page, PresetPatch, PresetRecord, PresetStatus, PresetStore,
    PresetVersion, StoreError,
};

#[async_trait]
impl PresetStore for MemoryStore {
    async fn save(
        &self,
        version: NewPresetVersion,
        now: Timestamp,
    ) -> Result<DesignatedPreset, StoreError> {
        self.state()?.save(version, now)
    }

    async fn get(
        &self,
        workspace: &str,
        slug: &str,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        let state = self.state()?;
        Ok(state.preset(workspace, slug).and_then(|preset| state.designated(preset)))
    }

    async fn list(&self, workspace: &str, page: Page) -> Result<Vec<PresetRecord>, StoreError> {
        let state = self.state()?;
        let mut presets: Vec<PresetRecord> =
            state.presets.values().filter(|it| it.workspace_id == workspace).cloned().collect();
        presets.sort_by(|a, b| {
            (Reverse(a.created_at), &a.slug).cmp(&(Reverse(b.created_at), &b.slug))
        });
        Ok(presets.into_iter().skip(take(page.offset)).take(take(page.limit)).collect())
    }

    async fn count(&self, workspace: &str) -> Result<u64, StoreError> {
        let state = self.state()?;
        let presets = state.presets.values().filter(|it| it.workspace_id == workspace);
        Ok(u64::try_from(presets.count()).unwrap_or(u64::MAX))
    }

    async fn versions(&self, preset: &str, page: Page) -> Result<Vec<PresetVersion>, StoreError> {
        let state = self.state()?;
        let of_it = state.preset_versions.values().filter(|it| it.preset_id == preset);
        let mut versions: Vec<PresetVersion> = of_it.cloned().collect();
        versions.sort_by_key(|it| Reverse(it.version));
        Ok(versions.into_iter().skip(take(page.offset)).take(take(page.limit)).collect())
    }

    async fn version(
        &self,
        preset: &str,
        version: u32,
    ) -> Result<Option<PresetVersion>, StoreError> {
        Ok(self.state()?.version(preset, version).cloned())
    }

    async fn update(
        &self,
        (workspace, slug): (&str, &str),
        patch: PresetPatch,
        now: Timestamp,
    ) -> Result<Option<DesignatedPreset>, StoreError> {
        let mut state = self.state()?;
        let Some(mut preset) = state.preset(workspace, slug).cloned() else { return Ok(None) };
        if patch.is_empty() {
            return Ok(state.designated(&preset));
        }
        if let Some(number) = patch.designated_version.value() {
            let version = state.version(&preset.id, *number).ok_or(StoreError::Conflict)?;
            preset.designated_version = version.version;
            preset.designated_version_id.clone_from(&version.id);
        }
        if patch.status.value().is_some_and(|status| *status != preset.status) {
            preset.status_updated_at = Some(now);
        }
        patch.name.apply_to(&mut preset.name);
        patch.description.apply_to(&mut preset.description);
        patch.status.apply_to(&mut preset.status);
        preset.updated_at = now;
        let updated = state.designated(&preset);
        state.put_preset(preset);
        Ok(updated)
    }

    async fn delete(&self, workspace: &str, slug: &str) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let key = (workspace.to_owned(), slug.to_owned());
        let Some(preset) = state.presets.remove(&key) else { return Ok(false) };
        state.preset_versions.retain(|_, version| version.preset_id != preset.id);
        state.preset_revision = state.preset_revision.saturating_add(1);
        Ok(true)
    }

    async fn all(&self) -> Result<Vec<DesignatedPreset>, StoreError> {
        let state = self.state()?;
        Ok(state.presets.values().filter_map(|preset| state.designated(preset)).collect())
    }

    async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.state()?.preset_revision)
    }
}

impl State {
    fn preset(&self, workspace: &str, slug: &str) -> Option<&PresetRecord> {
        self.presets.get(&(workspace.to_owned(), slug.to_owned()))
    }

    fn version(&self, preset: &str, number: u32) -> Option<&PresetVersion> {
        self.preset_versions.values().find(|it| it.preset_id == preset && it.version == number)
    }

    fn designated(&self, preset: &PresetRecord) -> Option<DesignatedPreset> {
        let version = self.preset_versions.get(&preset.designated_version_id)?.clone();
        Some(DesignatedPreset { preset: preset.clone(), version })
    }

    fn put_preset(&mut self, preset: PresetRecord) {
        self.preset_revision = self.preset_revision.saturating_add(1);
        self.presets.insert((preset.workspace_id.clone(), preset.slug.clone()), preset);
    }

    fn save(
        &mut self,
        new: NewPresetVersion,
        now: Timestamp,
    ) -> Result<DesignatedPreset, StoreError> {
        let known = self.preset(&new.workspace_id, &new.slug).cloned();
        if let Some(version) = self.preset_versions.get(&new.id) {
            let preset = known.filter(|preset| preset.id == version.preset_id);
            let preset = preset.ok_or(StoreError::Conflict)?;
            return Ok(DesignatedPreset { preset, version: version.clone() });
        }
        if known.is_none() && self.presets.values().any(|it| it.id == new.preset_id) {
            return Err(StoreError::Conflict);
        }
        let mut preset = known.unwrap_or_else(|| PresetRecord {
            id: new.preset_id,
            workspace_id: new.workspace_id,
            name: new.slug.clone(),
            slug: new.slug,
            description: None,
            status: PresetStatus::Active,
            status_updated_at: None,
            designated_version: 0,
            designated_version_id: String::new(),
            latest_version: 0,
            creator_user_id: new.creator_user_id,
            created_at: now,
            updated_at: now,
        });
        preset.latest_version = preset.latest_version.saturating_add(1);
        preset.designated_version = preset.latest_version;
        preset.designated_version_id.clone_from(&new.id);
        preset.updated_at = now;
        let version = PresetVersion {
            id: new.id,
            preset_id: preset.id.clone(),
            version: preset.latest_version,
            system_prompt: new.system_prompt,
            config: new.config,
            creator_id: new.creator_id,
            created_at: now,
        };
        self.preset_versions.insert(version.id.clone(), version.clone());
        self.put_preset(preset.clone());
        Ok(DesignatedPreset { preset, version })
    }
}
