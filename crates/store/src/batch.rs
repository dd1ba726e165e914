//! Batches: many requests that are answered in the background (contract §1.1).

use async_trait::async_trait;
use tollgate_types::{BatchId, GenerationId, KeyHash, Timestamp, Usd};

use crate::columns::bounded;
use crate::{Attribution, StoreError};

/// How far a batch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BatchStatus {
    /// Its requests are still being received. Nobody is told of such a batch.
    Receiving,
    /// All of it is there; nobody has looked at its requests yet.
    Validating,
    /// Its requests are being answered.
    InProgress,
    /// All of them are answered.
    Finalizing,
    /// It ended, and each request has an answer or an error.
    Completed,
    /// It could not be begun, or not go on; [`BatchRecord::error`] says why.
    Failed,
    /// Its time was over before all requests were answered.
    Expired,
    /// Somebody wants it to end; requests that are under way are still answered.
    Cancelling,
    /// It ended because somebody wanted it to.
    Cancelled,
}

impl BatchStatus {
    /// Every status, in the order in which a batch may go through them.
    pub const ALL: [Self; 9] = [
        Self::Receiving,
        Self::Validating,
        Self::InProgress,
        Self::Finalizing,
        Self::Completed,
        Self::Failed,
        Self::Expired,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// The contract's word for it (§1.1), also the one to store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Validating => "validating",
            Self::InProgress => "in_progress",
            Self::Finalizing => "finalizing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether nothing happens to the batch any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Expired | Self::Cancelled)
    }

    /// Whether somebody has to go on with the batch: it is whole, and has not ended.
    pub const fn is_due(self) -> bool {
        matches!(self, Self::Validating | Self::InProgress | Self::Finalizing | Self::Cancelling)
    }
}

/// A batch, without its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRecord {
    /// Its id, chosen by whoever receives it.
    pub id: BatchId,
    /// The key that submitted it, with which its requests are answered and paid.
    pub key_hash: KeyHash,
    /// The key's workspace at that time, whose keys may see it.
    pub workspace_id: String,
    /// The path its requests are for, such as `/v1/chat/completions`.
    pub endpoint: String,
    /// The model as the caller named it.
    pub model: String,
    /// Slugs of the only providers that may answer; any when empty.
    pub only: Vec<String>,
    /// The region that its requests must be answered in, if it must be in one.
    pub region: Option<String>,
    /// Who it is for, as the submission said.
    pub attribution: Attribution,
    /// How far it has come.
    pub status: BatchStatus,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When what is not answered by then is given up.
    pub expires_at: Timestamp,
    /// When it ended.
    pub finalized_at: Option<Timestamp>,
    /// What it failed of, for people.
    pub error: Option<String>,
    /// The display name of the provider that answered last.
    pub provider: Option<String>,
    /// How many requests it has; 0 while they are received.
    pub requests: u32,
    /// What has come of them.
    pub tally: BatchTally,
}

/// The sums over the outcomes of a batch's requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchTally {
    /// Requests with an answer.
    pub completed: u32,
    /// Requests with an error.
    pub failed: u32,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// What was charged.
    pub cost: Usd,
    /// Requests that were answered with keys of the caller's own.
    pub with_own_keys: u32,
}

impl BatchTally {
    /// Adds what came of one more request. Every backend adds by this and nothing else; what is
    /// beyond any number that is kept stays at the end of its range.
    pub fn add(&mut self, outcome: &BatchOutcome) {
        let requests = if outcome.is_answer() { &mut self.completed } else { &mut self.failed };
        *requests = requests.saturating_add(1);
        self.with_own_keys = self.with_own_keys.saturating_add(outcome.is_byok.into());
        let sum = |before: u64, more| bounded(before.saturating_add(more));
        self.prompt_tokens = sum(self.prompt_tokens, outcome.prompt_tokens);
        self.completion_tokens = sum(self.completion_tokens, outcome.completion_tokens);
        self.cost = self.cost.saturating_add(outcome.cost);
    }
}

/// A request of a batch, as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRequest {
    /// Its place in the batch, from 1.
    pub number: u32,
    /// What the caller calls it; unique in the batch.
    pub custom_id: String,
    /// The body, as JSON.
    pub body: Vec<u8>,
}

/// A request that has no outcome yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// The request.
    pub request: BatchRequest,
    /// The call that was begun for it last, when one was: then whoever began it stopped before the
    /// outcome was kept.
    pub begun: Option<GenerationId>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchOutcome {
    /// The HTTP status that the request would have been answered with.
    pub status: u16,
    /// The call that answered it, or failed to.
    pub generation_id: Option<GenerationId>,
    /// The answer, where the status is 200, else the error's object; as JSON.
    pub body: Vec<u8>,
    /// The display name of the provider that answered.
    pub provider: Option<String>,
    /// Tokens read.
    pub prompt_tokens: u64,
    /// Tokens written.
    pub completion_tokens: u64,
    /// What was charged.
    pub cost: Usd,
    /// Whether a key of the caller's own answered it.
    pub is_byok: bool,
}

impl BatchOutcome {
    /// Whether the request was answered.
    pub const fn is_answer(&self) -> bool {
        self.status == 200
    }
}

/// A request of a batch and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchResult {
    /// The request's place in the batch, from 1.
    pub number: u32,
    /// What the caller calls it.
    pub custom_id: String,
    /// What came of it; nothing where the batch ended before.
    pub outcome: Option<BatchOutcome>,
}

/// Which batches to list, the newest first, those of one millisecond by their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchQuery {
    /// Of one workspace only.
    pub workspace_id: Option<String>,
    /// Of these statuses only; of all but [`BatchStatus::Receiving`] when empty.
    pub statuses: Vec<BatchStatus>,
    /// Submitted then or later.
    pub created_after: Option<Timestamp>,
    /// Submitted before then.
    pub created_before: Option<Timestamp>,
    /// Behind this one in the list. Nothing is behind one that isn't there.
    pub after: Option<BatchId>,
    /// At most so many.
    pub limit: u32,
}

/// A step in the life of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchStep {
    /// The statuses in which the batch may take it; in another nothing happens.
    pub from: Vec<BatchStatus>,
    /// The status it has then.
    pub to: BatchStatus,
    /// When; kept as the batch's end if the status is a terminal one.
    pub at: Timestamp,
    /// What it fails of, for people; kept if there is one.
    pub error: Option<String>,
}

/// Keeps batches, their requests and what came of them.
///
/// Whoever works on a batch has a lease on it: the name of a node and an instant until which
/// nobody else takes the batch over. What is written for a batch under a lease that another node
/// has by now changes nothing.
///
/// Writes are cancel safe: a caller that stops waiting leaves them done or not done, whole.
#[async_trait]
pub trait BatchStore: Send + Sync {
    /// Keeps a new batch, without requests. Nothing happens when its id is there.
    async fn open_batch(&self, batch: BatchRecord) -> Result<(), StoreError>;

    /// Keeps requests of a batch that is [`BatchStatus::Receiving`]; one whose number is there
    /// stays as it is. [`StoreError::Conflict`] when the batch isn't there or is whole.
    async fn add_requests(
        &self,
        batch: &BatchId,
        requests: Vec<BatchRequest>,
    ) -> Result<(), StoreError>;

    /// Says that all requests of a batch are there: it is [`BatchStatus::Validating`] from now on
    /// and its [`BatchRecord::requests`] are counted. `false`, and no change, when it isn't there
    /// or is whole already.
    async fn close_batch(&self, batch: &BatchId) -> Result<bool, StoreError>;

    /// One batch.
    async fn batch(&self, id: &BatchId) -> Result<Option<BatchRecord>, StoreError>;

    /// A page of batches.
    async fn batches(&self, query: &BatchQuery) -> Result<Vec<BatchRecord>, StoreError>;

    /// Takes a step with a batch. `false`, and no change, where it has none of the statuses.
    async fn step_batch(&self, id: &BatchId, step: BatchStep) -> Result<bool, StoreError>;

    /// Takes or keeps the lease of a batch that [is due](BatchStatus::is_due) until `until`: of one
    /// that no other node has a lease on at `now`, the one submitted first, leaving out `except`.
    async fn claim_batch(
        &self,
        node: &str,
        (now, until): (Timestamp, Timestamp),
        except: &[BatchId],
    ) -> Result<Option<BatchRecord>, StoreError>;

    /// Keeps the lease of a batch until `until`. `false`, and no change, when another node has it,
    /// or the batch isn't there.
    async fn renew_batch(
        &self,
        id: &BatchId,
        node: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Gives the lease up, so that any node may claim the batch.
    async fn release_batch(&self, id: &BatchId, node: &str) -> Result<(), StoreError>;

    /// Requests without an outcome behind a place, by their places.
    async fn open_requests(
        &self,
        id: &BatchId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<OpenRequest>, StoreError>;

    /// Notes the call that is begun for a request. `false`, and no change, when the request has an
    /// outcome or isn't there, or when another node has the lease.
    async fn begin_request(
        &self,
        (id, number): (&BatchId, u32),
        node: &str,
        generation: &GenerationId,
    ) -> Result<bool, StoreError>;

    /// Keeps what came of a request and adds it to the batch's tally, in one step. `false`, and no
    /// change, when the request has an outcome or isn't there, or when another node has the lease.
    async fn finish_request(
        &self,
        (id, number): (&BatchId, u32),
        node: &str,
        outcome: BatchOutcome,
    ) -> Result<bool, StoreError>;

    /// Requests behind a place and what came of them, by their places.
    async fn batch_results(
        &self,
        id: &BatchId,
        after: u32,
        limit: u32,
    ) -> Result<Vec<BatchResult>, StoreError>;

    /// Removes a batch with its requests. `false` when it isn't there.
    async fn remove_batch(&self, id: &BatchId) -> Result<bool, StoreError>;

    /// Removes batches that ended before an instant, and those that were being received since
    /// before it, with their requests; the oldest first, at most so many. Says how many there were.
    async fn remove_batches_before(
        &self,
        before: Timestamp,
        at_most: u32,
    ) -> Result<u64, StoreError>;
}
