//! The bundle of stores that a program is wired with.

use std::fmt;
use std::sync::Arc;

use crate::{
    AllotmentStore, BatchStore, ContentStore, CredentialStore, DocumentStore, FeedbackStore,
    GenerationStore, HistoryStore, KeyStore, LedgerStore, LimitCountStore, PolicyStore,
    PresetStore, StoreHealth, UsageStore,
};

/// One store for each noun, usually all the same object.
#[derive(Clone)]
pub struct Stores {
    /// API keys.
    pub keys: Arc<dyn KeyStore>,
    /// Spend counters.
    pub usage: Arc<dyn UsageStore>,
    /// One record per call.
    pub generations: Arc<dyn GenerationStore>,
    /// Movements of money.
    pub ledger: Arc<dyn LedgerStore>,
    /// The operator's rules.
    pub policies: Arc<dyn PolicyStore>,
    /// Presets.
    pub presets: Arc<dyn PresetStore>,
    /// Callers' own keys.
    pub credentials: Arc<dyn CredentialStore>,
    /// What callers say of answers.
    pub feedback: Arc<dyn FeedbackStore>,
    /// What was said and answered in calls.
    pub contents: Arc<dyn ContentStore>,
    /// Batches of requests.
    pub batches: Arc<dyn BatchStore>,
    /// Administrative records.
    pub documents: Arc<dyn DocumentStore>,
    /// What limits have counted.
    pub limit_counts: Arc<dyn LimitCountStore>,
    /// How endpoints did.
    pub history: Arc<dyn HistoryStore>,
    /// What nodes may let keys and workspaces spend; none in a store that has one node.
    pub allotments: Option<Arc<dyn AllotmentStore>>,
    /// Readiness and closing.
    pub health: Arc<dyn StoreHealth>,
}

/// A backend that has every noun of one node.
pub trait Backend:
    KeyStore
    + UsageStore
    + GenerationStore
    + LedgerStore
    + PolicyStore
    + PresetStore
    + CredentialStore
    + FeedbackStore
    + ContentStore
    + BatchStore
    + LimitCountStore
    + HistoryStore
    + DocumentStore
    + StoreHealth
    + 'static
{
}

impl<S> Backend for S where
    S: KeyStore
        + UsageStore
        + GenerationStore
        + LedgerStore
        + PolicyStore
        + PresetStore
        + CredentialStore
        + FeedbackStore
        + ContentStore
        + BatchStore
        + LimitCountStore
        + HistoryStore
        + DocumentStore
        + StoreHealth
        + 'static
{
}

impl Stores {
    /// Takes every noun from one backend.
    pub fn of(store: impl Backend) -> Self {
        Self::of_one(&Arc::new(store))
    }

    /// The same of a backend that several nodes may share.
    pub fn of_many(store: impl Backend + AllotmentStore) -> Self {
        let store = Arc::new(store);
        Self { allotments: Some(store.clone()), ..Self::of_one(&store) }
    }

    fn of_one<S: Backend>(store: &Arc<S>) -> Self {
        Self {
            keys: store.clone(),
            usage: store.clone(),
            generations: store.clone(),
            ledger: store.clone(),
            policies: store.clone(),
            presets: store.clone(),
            credentials: store.clone(),
            feedback: store.clone(),
            contents: store.clone(),
            batches: store.clone(),
            documents: store.clone(),
            limit_counts: store.clone(),
            history: store.clone(),
            allotments: None,
            health: store.clone(),
        }
    }
}

impl fmt::Debug for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stores").finish_non_exhaustive()
    }
}
