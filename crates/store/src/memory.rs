//! The stores in memory: for tests, and the reference the other backends are read against.
//!
//! Nothing survives the process and nothing is evicted, so this is no store for a gateway that
//! runs for long. One lock guards everything: each method is one critical section, which is what
//! a transaction is elsewhere.

mod allotments;
mod batches;
mod contents;
mod credentials;
mod documents;
mod feedback;
mod generation_log;
mod generations;
mod history;
mod keys;
mod ledger;
mod limit_counts;
mod policies;
mod presets;
mod usage;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use tollgate_types::{KeyHash, Timestamp};

use crate::usage::DayUsage;
use crate::{
    ContentRecord, CredentialRecord, FeedbackRecord, GenerationRecord, KeyRecord, PolicyVersion,
    PresetRecord, PresetVersion, Span, StoreError, StoreHealth, Stores, UtcDay,
};

/// Every store, in this process only.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
    closed: AtomicBool,
}

/// Order of generations: by admission, then by id.
type GenerationKey = (Timestamp, String);

#[derive(Debug, Default)]
struct State {
    keys: BTreeMap<KeyHash, KeyRecord>,
    key_revision: u64,
    /// What hashes of keys are made with, sealed.
    key_pepper: Option<Vec<u8>>,
    /// From rotated hashes to the hash that counts for them now.
    successors: BTreeMap<KeyHash, KeyHash>,
    generations: BTreeMap<GenerationKey, GenerationRecord>,
    generation_ids: HashMap<String, Timestamp>,
    /// Those that were removed: what is added up from records is added up from them, too.
    gone: Vec<GenerationRecord>,
    /// The first hour and minute whose sums were not removed.
    parts_since: BTreeMap<Span, i64>,
    key_days: BTreeMap<(KeyHash, UtcDay), DayUsage>,
    key_totals: BTreeMap<KeyHash, DayUsage>,
    account_total: DayUsage,
    ledger: ledger::Ledger,
    policies: BTreeMap<u64, PolicyVersion>,
    /// By workspace and slug.
    presets: BTreeMap<(String, String), PresetRecord>,
    preset_versions: BTreeMap<String, PresetVersion>,
    preset_revision: u64,
    /// `None` for those that were deleted.
    credentials: BTreeMap<String, Option<CredentialRecord>>,
    credential_revision: u64,
    feedback: BTreeMap<String, FeedbackRecord>,
    /// By generation.
    contents: BTreeMap<String, ContentRecord>,
    batches: batches::Batches,
    documents: documents::Documents,
    limit_counts: limit_counts::LimitCounts,
    allotments: allotments::Allotments,
    history: history::History,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes every noun from this store, for one node.
    pub fn into_stores(self) -> Stores {
        Stores::of(self)
    }

    /// The same for several nodes.
    pub fn into_shared_stores(self) -> Stores {
        Stores::of_many(self)
    }

    fn state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        Ok(self.state.lock())
    }
}

#[async_trait]
impl StoreHealth for MemoryStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.state().map(drop)
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// As many items as `limit` says.
fn take(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
