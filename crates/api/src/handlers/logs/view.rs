//! Records and groups of errors as people see them.

use serde::Serialize;
use tollgate_store::{AttemptRecord, ErrorRecord, FaultGroup, GenerationSummary};
use tollgate_types::KeyHash;

use crate::router::App;

/// A call.
#[derive(Debug, Serialize)]
pub(in crate::handlers) struct LogRow {
    pub(super) id: String,
    pub(super) created_at: String,
    pub(super) model: String,
    pub(super) requested_model: String,
    pub(super) provider: Option<String>,
    pub(super) provider_slug: Option<String>,
    pub(super) key_hash: String,
    /// Null for a key that is gone, as is its label.
    pub(super) key_name: Option<String>,
    pub(super) key_label: Option<String>,
    pub(super) workspace_id: String,
    pub(super) app: Option<String>,
    pub(super) user: Option<String>,
    pub(super) api_type: String,
    pub(super) streamed: bool,
    pub(super) cancelled: bool,
    pub(super) byok: bool,
    pub(super) prompt_tokens: u64,
    pub(super) cached_tokens: u64,
    pub(super) completion_tokens: u64,
    pub(super) reasoning_tokens: u64,
    /// In US dollars, as an exact decimal.
    pub(super) cost: String,
    /// Milliseconds to the first token.
    pub(super) latency_ms: Option<u64>,
    pub(super) generation_time_ms: Option<u64>,
    /// `ok`, `error` or `cancelled`.
    pub(super) status: &'static str,
    pub(super) error: Option<ErrorView>,
    pub(super) finish_reason: Option<String>,
    pub(super) attempts: Vec<AttemptView>,
    pub(super) preset_id: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) router: Option<String>,
    /// The generation whose answer was told again.
    pub(super) cache_source: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ErrorView {
    pub(super) status: u16,
    #[serde(rename = "type")]
    pub(super) error_type: String,
    pub(super) message: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AttemptView {
    pub(super) provider: String,
    status: Option<u16>,
    fault: Option<String>,
    latency_ms: u64,
    continued: bool,
}

/// Errors of a kind.
#[derive(Debug, Serialize)]
pub(super) struct FaultView {
    provider: Option<String>,
    provider_slug: Option<String>,
    status: u16,
    error_type: String,
    /// The newest of them.
    message: String,
    count: u64,
    first_at: String,
    last_at: String,
    /// Whose calls they were: some of those that are meant by `keys_total`.
    keys: Vec<KeyView>,
    keys_total: usize,
}

#[derive(Debug, Serialize)]
struct KeyView {
    key_hash: String,
    key_name: Option<String>,
    key_label: Option<String>,
}

/// Keys that a group of errors names.
const KEYS_MAX: usize = 10;

impl LogRow {
    pub(in crate::handlers) fn of(record: GenerationSummary, app: &App) -> Self {
        let status = record.status().as_str();
        let KeyView { key_hash, key_name, key_label } = KeyView::of(record.key_hash, app);
        Self {
            id: record.id.to_string(),
            created_at: record.created_at.to_rfc3339(),
            model: record.model.to_string(),
            requested_model: record.requested_model,
            provider: record.provider,
            provider_slug: record.provider_slug.map(|slug| slug.as_str().to_owned()),
            key_hash,
            key_name,
            key_label,
            workspace_id: record.workspace_id,
            app: record.app_title,
            user: record.external_user,
            api_type: record.api_type,
            streamed: record.streamed,
            cancelled: record.cancelled,
            byok: record.is_byok,
            prompt_tokens: record.prompt_tokens,
            cached_tokens: record.cached_tokens,
            completion_tokens: record.completion_tokens,
            reasoning_tokens: record.reasoning_tokens,
            cost: record.cost.to_decimal(),
            latency_ms: record.latency_ms,
            generation_time_ms: record.generation_time_ms,
            status,
            error: record.error.map(ErrorView::of),
            finish_reason: record.finish_reason,
            attempts: record.attempts.into_iter().map(AttemptView::of).collect(),
            preset_id: record.preset_id,
            session_id: record.session_id,
            router: record.router,
            cache_source: record.cache_source,
        }
    }
}

impl ErrorView {
    fn of(error: ErrorRecord) -> Self {
        Self { status: error.status, error_type: error.error_type, message: error.message }
    }
}

impl AttemptView {
    fn of(attempt: AttemptRecord) -> Self {
        Self {
            provider: attempt.provider,
            status: attempt.status,
            fault: attempt.fault,
            latency_ms: attempt.latency_ms,
            continued: attempt.continued,
        }
    }
}

impl FaultView {
    pub(super) fn of(group: FaultGroup, app: &App) -> Self {
        let keys = group.keys.iter().take(KEYS_MAX);
        Self {
            keys: keys.map(|hash| KeyView::of(*hash, app)).collect(),
            keys_total: group.keys.len(),
            provider: group.provider,
            provider_slug: group.provider_slug,
            status: group.status,
            error_type: group.error_type,
            message: group.message,
            count: group.count,
            first_at: group.first_at.to_rfc3339(),
            last_at: group.last_at.to_rfc3339(),
        }
    }
}

impl KeyView {
    fn of(hash: KeyHash, app: &App) -> Self {
        let known = app.engine.keys().get(hash);
        Self {
            key_hash: hash.to_hex(),
            key_name: known.as_ref().map(|key| key.record.name.clone()),
            key_label: known.map(|key| key.record.label.clone()),
        }
    }
}
