//! Presets: named configurations of a workspace, in versions that never change (contract §1.6).

use async_trait::async_trait;
use tollgate_types::Timestamp;

use crate::{Change, StoreError};

/// Whether a preset can be used (contract §1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PresetStatus {
    /// Calls may name it.
    Active,
    /// Calls that name it are refused until it is active again.
    Disabled,
    /// The same, and it gets no new versions.
    Archived,
}

impl PresetStatus {
    /// The contract's word for it, also the one to store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Archived => "archived",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Disabled, Self::Archived].into_iter().find(|it| it.as_str() == text)
    }
}

/// One preset. What it says is in its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetRecord {
    /// Its id, unique over all workspaces.
    pub id: String,
    /// The workspace it belongs to.
    pub workspace_id: String,
    /// What calls name it by, unique in its workspace.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Whether it can be used.
    pub status: PresetStatus,
    /// When its status was last changed.
    pub status_updated_at: Option<Timestamp>,
    /// The number of the version that calls get.
    pub designated_version: u32,
    /// That version's id.
    pub designated_version_id: String,
    /// The number of its newest version, and how many it has: they begin with 1, and none is ever
    /// removed.
    pub latest_version: u32,
    /// Who made it, in organisations.
    pub creator_user_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One version of a preset. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresetVersion {
    /// Its id, unique over all presets.
    pub id: String,
    /// The preset it is of.
    pub preset_id: String,
    /// Its number, from 1.
    pub version: u32,
    /// What stands before every conversation.
    pub system_prompt: Option<String>,
    /// Parameters in chat's words, as a JSON object.
    pub config: String,
    /// Who made it: a user, else the key that was used.
    pub creator_id: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A preset and the version of it that calls get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesignatedPreset {
    /// The preset.
    pub preset: PresetRecord,
    /// Its designated version.
    pub version: PresetVersion,
}

/// What is to be kept of a preset under a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPresetVersion {
    /// The preset's workspace.
    pub workspace_id: String,
    /// The preset's slug.
    pub slug: String,
    /// The id of the preset, should there be none with this slug.
    pub preset_id: String,
    /// Who made the preset, should there be none.
    pub creator_user_id: Option<String>,
    /// The id of the version.
    pub id: String,
    /// See [`PresetVersion::system_prompt`].
    pub system_prompt: Option<String>,
    /// See [`PresetVersion::config`].
    pub config: String,
    /// See [`PresetVersion::creator_id`].
    pub creator_id: String,
}

/// A partial update of a [`PresetRecord`]; the default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresetPatch {
    /// See [`PresetRecord::name`].
    pub name: Change<String>,
    /// See [`PresetRecord::description`].
    pub description: Change<Option<String>>,
    /// See [`PresetRecord::status`].
    pub status: Change<PresetStatus>,
    /// See [`PresetRecord::designated_version`].
    pub designated_version: Change<u32>,
}

impl PresetPatch {
    /// Whether every field stays as it is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to pass over first.
    pub offset: u32,
    /// The most to return.
    pub limit: u32,
}

/// Keeps presets.
///
/// Writes are cancel safe: a caller that stops waiting leaves the preset either changed or not.
#[async_trait]
pub trait PresetStore: Send + Sync {
    /// Keeps a version, as the newest and designated one of the preset with its slug, which is made
    /// where there is none: active, and named after its slug. Returns both.
    ///
    /// A version whose id is known already changes nothing and is returned as it is;
    /// [`StoreError::Conflict`] when the id is that of another preset's version, or the new
    /// preset's id is taken.
    async fn save(
        &self,
        version: NewPresetVersion,
        now: Timestamp,
    ) -> Result<DesignatedPreset, StoreError>;

    /// The preset with this slug.
    async fn get(
        &self,
        workspace: &str,
        slug: &str,
    ) -> Result<Option<DesignatedPreset>, StoreError>;

    /// A page of a workspace's presets, newest first, equally old ones by slug.
    async fn list(&self, workspace: &str, page: Page) -> Result<Vec<PresetRecord>, StoreError>;

    /// How many presets a workspace has.
    async fn count(&self, workspace: &str) -> Result<u64, StoreError>;

    /// A page of a preset's versions, newest first.
    async fn versions(&self, preset: &str, page: Page) -> Result<Vec<PresetVersion>, StoreError>;

    /// One version of a preset.
    async fn version(
        &self,
        preset: &str,
        version: u32,
    ) -> Result<Option<PresetVersion>, StoreError>;

    /// Changes a preset and returns it as it is then; `None` when there is no such preset,
    /// [`StoreError::Conflict`] when it has no version to be designated with that number.
    ///
    /// An empty patch changes nothing, not even `updated_at`.
    async fn update(
        &self,
        (workspace, slug): (&str, &str),
        patch: PresetPatch,
        now: Timestamp,
    ) -> Result<Option<DesignatedPreset>, StoreError>;

    /// Removes a preset with its versions and says whether it was there.
    async fn delete(&self, workspace: &str, slug: &str) -> Result<bool, StoreError>;

    /// Every preset of every workspace.
    ///
    /// For a snapshot, read [`revision`](Self::revision) first: a change in between then shows
    /// as a newer revision at the next poll.
    async fn all(&self) -> Result<Vec<DesignatedPreset>, StoreError>;

    /// A number that has grown whenever any process has changed any preset. Cheap enough to poll.
    async fn revision(&self) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_read_back() {
        for status in [PresetStatus::Active, PresetStatus::Disabled, PresetStatus::Archived] {
            assert_eq!(PresetStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(PresetStatus::parse("gone"), None);
    }
}
