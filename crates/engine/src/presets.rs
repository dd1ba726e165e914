//! The presets this node knows, in memory (contract §1.6).
//!
//! A call that names one is laid over this snapshot. It is loaded from the store at start, reloaded
//! when the store's revision moves (another process may have changed a preset), and once when an
//! unknown name comes.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tollgate_catalog::Modality;
use tollgate_store::{DesignatedPreset, PresetRecord, PresetStatus, StoreError, Stores};
use tollgate_types::Chain;
use tollgate_wire::error::BadRequest;
use tollgate_wire::{Call, Preset};

use crate::asked::Asked;
use crate::engine::Engine;
use crate::run::{AppliedPreset, Run};
use crate::{CallError, KeyEntry, WorkspaceEntry};

/// One preset, with what its designated version says.
#[derive(Debug)]
pub struct PresetEntry {
    /// The record as last read.
    pub record: PresetRecord,
    preset: Preset,
}

/// Every preset this node knows.
#[derive(Debug)]
pub struct Presets {
    stores: Stores,
    snapshot: ArcSwap<Snapshot>,
    /// Bounds how many unknown names are looked up at once.
    lookups: Semaphore,
    reloading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Snapshot {
    revision: Option<u64>,
    /// By workspace, then by slug.
    presets: HashMap<String, HashMap<String, Arc<PresetEntry>>>,
}

const LOOKUPS_MAX: usize = 4;

impl PresetEntry {
    /// Reads what a store keeps.
    ///
    /// # Errors
    ///
    /// When its configuration can't be read, which was checked before it was kept.
    pub fn read(kept: DesignatedPreset) -> Result<Self, BadRequest> {
        let DesignatedPreset { preset: record, version } = kept;
        let preset = Preset::read(version.system_prompt, Bytes::from(version.config))?;
        Ok(Self { record, preset })
    }

    /// What is laid under a call.
    ///
    /// # Errors
    ///
    /// When the preset was switched off.
    pub fn active(&self) -> Result<&Preset, CallError> {
        match self.record.status {
            PresetStatus::Active => Ok(&self.preset),
            PresetStatus::Disabled | PresetStatus::Archived => Err(CallError::PresetOff {
                slug: self.record.slug.clone(),
                status: self.record.status,
            }),
        }
    }
}

impl Presets {
    /// Loads every preset.
    pub async fn load(stores: Stores) -> Result<Self, StoreError> {
        let presets = Self {
            stores,
            snapshot: ArcSwap::default(),
            lookups: Semaphore::new(LOOKUPS_MAX),
            reloading: tokio::sync::Mutex::new(()),
        };
        presets.refresh().await?;
        Ok(presets)
    }

    /// Reloads the presets if the store's revision has moved. Returns whether it had.
    ///
    /// Cancel safe: the snapshot is swapped whole or not at all.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        let _one_at_a_time = self.reloading.lock().await;
        let revision = self.stores.presets.revision().await?;
        if self.snapshot.load().revision == Some(revision) {
            return Ok(false);
        }
        let mut presets: HashMap<String, HashMap<String, Arc<PresetEntry>>> = HashMap::new();
        for kept in self.stores.presets.all().await? {
            let (workspace, slug) = (kept.preset.workspace_id.clone(), kept.preset.slug.clone());
            match PresetEntry::read(kept) {
                Ok(entry) => {
                    presets.entry(workspace).or_default().insert(slug, Arc::new(entry));
                }
                // One that somebody broke by hand takes no other with it.
                Err(error) => {
                    tracing::error!(preset = slug, error = %Chain(&error), "a preset can't be read");
                }
            }
        }
        self.snapshot.store(Arc::new(Snapshot { revision: Some(revision), presets }));
        Ok(true)
    }

    /// The preset of a workspace with this slug.
    ///
    /// # Errors
    ///
    /// When there is none, or the store can't be asked whether there is.
    pub async fn find(&self, workspace: &str, slug: &str) -> Result<Arc<PresetEntry>, CallError> {
        if let Some(known) = self.get(workspace, slug) {
            return Ok(known);
        }
        // Another process may have made it a moment ago.
        let _place = self.lookups.acquire().await.map_err(|_| CallError::StoreBehind)?;
        self.refresh().await.map_err(|error| {
            tracing::warn!(error = %Chain(&error), "presets can't be read");
            CallError::StoreBehind
        })?;
        let found = self.get(workspace, slug);
        found.ok_or_else(|| CallError::UnknownPreset { slug: slug.to_owned() })
    }

    fn get(&self, workspace: &str, slug: &str) -> Option<Arc<PresetEntry>> {
        self.snapshot.load().presets.get(workspace)?.get(slug).cloned()
    }
}

impl Engine {
    /// The call with the preset that it names laid under it, and with its workspace's default model
    /// where nobody names one, as [`generate`](Engine::generate) does by itself.
    ///
    /// # Errors
    ///
    /// When there is no such preset, it was switched off, or the two together are no request.
    pub async fn with_preset(&self, key: &KeyEntry, call: Call) -> Result<Call, CallError> {
        let call = match call.preset()? {
            None => call,
            Some(slug) => {
                let entry = self.presets().find(&key.record.workspace_id, &slug).await?;
                call.with_preset(entry.active()?)?
            }
        };
        let workspace = self.organisation().workspace_of(&key.record);
        Ok(with_default_model(&call, &workspace)?.unwrap_or(call))
    }

    /// Lays a preset under the call.
    pub(crate) async fn apply_preset<C: Asked>(
        &self,
        run: &mut Run<C>,
        slug: String,
    ) -> Result<(), CallError> {
        let entry = self.presets().find(&run.key.record.workspace_id, &slug).await?;
        let call = run.call.with_preset(entry.active()?)?;
        let requested = run.requested_models().next().cloned();
        let requested = requested.unwrap_or_else(|| format!("@preset/{slug}"));
        let before = run.preset.as_ref().map(|it| it.cache).unwrap_or_default();
        let cache = entry.active()?.cache().or(before);
        run.preset = Some(AppliedPreset { id: entry.record.id.clone(), cache, requested });
        run.call = call;
        Ok(())
    }
}
/// The call with the model that its workspace has for calls that name none (contract §1.6); `None`
/// where it names one, or there is none for what it asks for.
pub(crate) fn with_default_model<C: Asked>(
    call: &C,
    workspace: &WorkspaceEntry,
) -> Result<Option<C>, CallError> {
    let (params, settings) = (call.params(), &workspace.document.body.settings);
    if params.model.is_some() || !params.models.is_empty() {
        return Ok(None);
    }
    let draws = || call.output().contains(&Modality::Image);
    let model = match call.api_type() {
        "image" => &settings.default_image_model,
        "completions" if draws() => &settings.default_image_model,
        "completions" => &settings.default_text_model,
        _ => &None,
    };
    let Some(model) = model else { return Ok(None) };
    let config = serde_json::json!({ "model": model }).to_string();
    Ok(Some(call.with_preset(&Preset::read(None, Bytes::from(config))?)?))
}
