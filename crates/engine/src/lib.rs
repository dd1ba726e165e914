//! The life of a call: admit, preset, resolve, plan, attempt, relay, settle.
//!
//! ```text
//! admit    the key, its spend limit                                    keys
//! preset   what the call's preset says, laid under it                  presets
//! steer    the operator's rules                                        steer, tollgate-policy
//! resolve  the model's name, variants, fallbacks → endpoints           resolve
//! own      callers' own keys at providers, as endpoints beside those   own, keychain
//! plan     filters with reasons, then order                            tollgate-routing
//! cache    an answer that was told before, for calls that ask for one  cache
//! hold     rates, budgets, the key's limit, credit: of all or of none   afford, limiting, purse
//! attempt  encode, send, wait for the first word; a fault moves on     attempt, hedge, retry
//! judge    several models for one answer, where rules say so           strategy
//! relay    bytes through, our fields in; who goes on when one dies     stream, continuity
//! operate  the same for what is no conversation                        operate, passing
//! settle   exact cost, generation record, spend counter                run, recorder
//! ```
//!
//! Beside calls, people sign in (`passwords`, `sessions`), credit is sold (`cashier`), operators are alerted (`alerting`), months are told of (`statements`), and endpoints that fail are asked whether they are well again (`probe`).
//!
//! # Invariants
//!
//! - After the first word has gone to the client nothing is taken back: an answer that breaks off is
//!   continued elsewhere or ends with an error. The end of a stream is written exactly once.
//! - Every admitted call is settled exactly once, whatever ended it: completion, failure, a client
//!   that hung up, a future that was dropped. Settling never awaits; the record is handed to a
//!   tracked task.
//! - No database round trip on the path of a call whose key is known, and its preset if it names one.
//!
//! # What is deliberately absent
//!
//! HTTP in (that is the API's), SQL (the stores'), the environment (the program's).

mod afford;
mod alerting;
mod allotments;
mod allowed;
mod asked;
mod attempt;
mod batches;
mod bill;
mod cache;
mod cashier;
mod choices;
mod clock;
mod config;
mod content;
mod continuity;
mod count;
mod decision;
mod endpoint_history;
mod engine;
mod error;
mod expand;
mod expected;
mod feed;
mod hedge;
mod inquiry;
mod installation;
mod judge;
mod keychain;
mod keys;
mod limiting;
mod made;
mod media;
mod metrics;
mod operate;
mod organisation;
mod own;
mod own_secret;
mod passing;
mod passwords;
mod pepper;
mod planning;
mod plans;
mod presets;
mod probe;
mod provider_keys;
mod purse;
mod reach;
mod reading;
mod record;
mod record_journal;
mod recorder;
mod replay;
mod reply;
mod resolve;
mod retry;
mod rulebook;
mod run;
mod sessions;
mod spending;
mod statements;
mod steer;
mod sticky;
mod strategy;
mod stream;
mod timing;
mod tokens;
mod traffic;
mod turn;
mod unknown;
mod vitals;

pub use alerting::{AlertWebhook, Alerting, AlertingConfig};
pub use allotments::Allotments;
pub use allowed::{
    ALLOWED_MAX, AllowedError, allowed_addresses, allowed_models, allowed_providers,
};
pub use batches::{BatchDraft, DraftError};
pub use cache::Cached;
pub use cashier::{
    AutoTopUp, Cashier, CashierConfig, CashierError, Payer, Received, Reconciled, Refunded,
};
pub use clock::{Clock, Entropy, SystemClock, SystemEntropy};
pub use config::{BatchConfig, CacheConfig, EngineConfig};
pub use content::{ContentError, Contents, Resealed, reseal_contents};
pub use count::Count;
pub use decision::explain;
pub(crate) use engine::end_user_id;
pub use engine::{Engine, Parts};
pub use error::{CallError, CallFailure};
pub use expand::RouterModel;
pub use feed::{Feed, Heard, Subscription};
pub use inquiry::{Inquiry, NotTaken};
pub use installation::{Access, Credential, Installation, Secret};
pub use keychain::{Keychain, ProbeVerdict};
pub use keys::{AuthError, KeyEntry, KeyRing, SpentLimit};
pub use limiting::{KeyStanding, LimitRule, Limited, Limiting, Nobody, Whom};
pub use metrics::Metrics;
pub use operate::Operated;
pub use organisation::{Organisation, WorkspaceEntry};
pub use own_secret::{NoSecret, OWN_KEYS_MAX, masked, own_secret};
pub use passing::PassingBody;
pub use passwords::{PasswordError, Passwords};
pub use pepper::{PepperError, forget_api_keys, pepper, reseal_pepper};
pub use plans::{PlanRow, Plans, agree, charge_commitments};
pub use presets::{PresetEntry, Presets};
pub use provider_keys::{
    GIVEN_IN_DASHBOARD, KeyNotKept, ProviderKeys, access_with_given_key, reseal_provider_keys,
};
pub use purse::Purses;
pub use record_journal::{RecordJournal, ReplayError, replay as replay_journal};
pub use recorder::{Recorder, Slot};
pub use replay::{Alternative, History, NotReplayed, Replayed, replay};
pub use rulebook::{Policies, Revision, RuleBook, RuleError};
pub use sessions::{SESSION_DAYS_MAX, SessionError, awaits_setup, end_sessions, password_change};
pub use statements::{StatementFailure, statement};
pub use stream::ChatStream;
pub use timing::Timing;
pub use tokens::{ServiceAccount, ServiceAccountError};
pub use tollgate_health::{
    Circuit, Counts, Incident, OutcomeCounts, Percentiles, QuarterHour, Report, incidents,
};
pub use tollgate_routing::{RetryPolicy, Sort};
pub use traffic::{Answer, KeptReply, Origin, WholeReply};
pub use turn::takes_turn;
pub use vitals::Vitals;
