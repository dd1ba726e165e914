//! Where keys, generations, spend, the ledger, presets and feedback are kept, as traits named by noun.
//!
//! The engine and the API know these traits only; each backend (memory here, SQLite and Postgres
//! in crates of their own) implements all of them and is done when the `conformance_suite!`
//! passes. [`Stores`] is the bundle that the program wires.
//!
//! # Invariants
//!
//! - Every write is idempotent under an id its caller chose: a write whose answer was lost can be
//!   sent again.
//! - A write is durable once it is answered with `Ok`.
//! - Spend counters move in the same step that keeps a [`GenerationRecord`], and nowhere else; so
//!   does the money that the call costs.
//! - Time comes in as an argument; no backend reads a clock.
//!
//! # What is deliberately absent
//!
//! No SQL, no driver's error types; a backend has row types of its own. Only the forms that records
//! have in the journal, and in the JSON columns of both SQL backends, are here. No rules either:
//! whether a key may spend is decided above, from what is stored here.

mod activity;
mod allotment;
mod arm;
mod batch;
pub mod columns;
mod content;
mod credential;
mod document;
mod error;
mod faults;
mod feedback;
pub mod form;
mod generation;
mod generation_log;
mod health;
mod history;
mod key;
mod ledger;
mod limit_count;
mod memory;
mod policy;
mod preset;
mod record_filter;
mod routing;
mod stores;
mod tally;
mod times;
mod usage;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use activity::{
    ActivityQuery, ActivityRow, ActivitySums, PartQuery, RowTime, TimesOf, ToldApart, put_times,
};
pub use allotment::{
    AllotmentRequest, AllotmentStore, Allotted, Cap, Spender, Whose, is_told_again,
};
pub use arm::ArmResult;
pub use batch::{
    BatchOutcome, BatchQuery, BatchRecord, BatchRequest, BatchResult, BatchStatus, BatchStep,
    BatchStore, BatchTally, OpenRequest,
};
pub use content::{ContentRecord, ContentStore};
pub use credential::{CredentialPatch, CredentialRecord, CredentialStore, NewSecret};
pub use document::{
    Document, DocumentBody, DocumentChange, DocumentQuery, DocumentStep, DocumentStore, RawDocument,
};
pub use error::StoreError;
pub use faults::{Fault, FaultGroup, FaultQuery, FaultTally, Faults};
pub use feedback::{FeedbackCategory, FeedbackRecord, FeedbackStore};
pub use form::{EntryError, NotOfRecords};
pub use generation::{
    AttemptRecord, Attribution, ErrorRecord, GenerationCursor, GenerationRecord, GenerationStore,
};
pub use generation_log::{
    Coverage, FacetField, FacetQuery, FacetValue, Facets, GenerationSummary, Histogram,
    HistogramQuery, LogBounds, LogPage, LogQuery, StatusCounts,
};
pub use health::StoreHealth;
pub use history::{
    EndpointCount, HISTORY_DAYS, HistoryBatch, HistoryQuery, HistoryRows, HistoryStore, by_endpoint,
};
pub use key::{
    Change, DEFAULT_WORKSPACE_ID, FormerSecret, KeyPatch, KeyQuery, KeyRecord, KeyStore,
    KeySuccessor, Rekeyed, ResetInterval,
};
pub use ledger::{Lease, LeaseRequest, Leased, LedgerRow, LedgerStore, MovementQuery};
pub use limit_count::{
    BELIEVED, Heard, LimitCountStore, News, Told, believed_millis, by_counter, summed,
};
pub use memory::MemoryStore;
pub use policy::{PolicyStore, PolicyVersion};
pub use preset::{
    DesignatedPreset, NewPresetVersion, Page, PresetPatch, PresetRecord, PresetStatus, PresetStore,
    PresetVersion,
};
pub use record_filter::{CallStatus, Choice, RecordFilter, WantedStatus};
pub use routing::{
    ArmRecord, AskedRecord, CandidateRecord, RoutingRecord, RuleRecord, StageRecord, SteeredRecord,
    Words,
};
pub use stores::{Backend, Stores};
pub use tally::{ActivityTally, Place, Served, TimePlace, Together, own_keys_by_month};
pub use times::{CallTimes, Span, TimeSums, Timed, TimesAsked, bounds_of, bucket_of};
pub use tollgate_health::{OutcomeKind, QuarterHour};
pub use tollgate_types::{UsageWindows, UtcDay};
pub use usage::{AccountUsage, DayUsage, KeyUsage, UsageStore, WorkspaceDay};
