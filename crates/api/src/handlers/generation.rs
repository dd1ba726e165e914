//! `GET /generation?id=` (contract §1.3).

use std::borrow::Cow;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tollgate_catalog::EndpointId;
use tollgate_engine::KeyEntry;
use tollgate_organisation::Area;
use tollgate_store::{AttemptRecord, ErrorRecord, GenerationRecord};
use tollgate_types::{GenerationId, Usage};
use tollgate_wire::json::UsdNumber;
use tollgate_wire::operation::Operation;

use super::credits::Data;
use super::feedback::{FEEDBACK_MAX, FeedbackView};
use super::routing::{OwnKeyOf, RoutingView, own_key};
use crate::auth::AnyKey;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;

#[derive(Debug, Deserialize)]
pub(crate) struct GenerationQuery {
    id: Option<String>,
}

impl GenerationQuery {
    /// The id that is asked for.
    pub(super) fn id(self) -> Result<String, ApiError> {
        self.id.ok_or_else(|| ApiError::bad_request("id: Required"))
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct GenerationView {
    id: String,
    request_id: Option<String>,
    upstream_id: Option<String>,
    model: String,
    requested_model: String,
    provider_name: Option<String>,
    router: Option<String>,
    api_type: String,
    created_at: String,
    streamed: bool,
    cancelled: bool,
    finish_reason: Option<String>,
    native_finish_reason: Option<String>,
    latency: Option<u64>,
    generation_time: Option<u64>,
    moderation_latency: Option<u64>,
    tokens_prompt: u64,
    tokens_completion: u64,
    native_tokens_prompt: u64,
    native_tokens_completion: u64,
    native_tokens_reasoning: u64,
    native_tokens_cached: u64,
    native_tokens_cache_write: u64,
    native_tokens_completion_images: u64,
    num_media_prompt: u64,
    num_media_completion: u64,
    num_input_audio_prompt: u64,
    /// Ours, as are the next two: what is billed by the piece and has no name in the contract.
    num_characters_prompt: u64,
    input_audio_milliseconds: u64,
    num_search_units: u64,
    num_search_results: u64,
    num_fetches: u64,
    web_search_engine: Option<String>,
    total_cost: UsdNumber,
    usage: UsdNumber,
    upstream_inference_cost: UsdNumber,
    cache_discount: Option<UsdNumber>,
    is_byok: bool,
    is_estimated: bool,
    is_unpriced: bool,
    price_source: Option<String>,
    service_tier: Option<String>,
    app_id: Option<u64>,
    http_referer: Option<String>,
    app_title: Option<String>,
    /// Ours: what `X-OpenRouter-Categories` said.
    app_categories: Vec<String>,
    origin: String,
    user_agent: Option<String>,
    external_user: Option<String>,
    session_id: Option<String>,
    preset_id: Option<String>,
    workspace_id: String,
    data_region: String,
    /// The generation whose answer was told again, where it was (contract §6.4).
    response_cache_source_id: Option<String>,
    tags: std::collections::BTreeMap<String, String>,
    provider_responses: Vec<AttemptView>,
    /// Ours: where the time went, as far as it is known.
    timings: TimingsView,
    /// Ours: why the call went where it went.
    routing: Option<RoutingView>,
    error: Option<ErrorView>,
    /// Ours: what callers said of it afterwards, the oldest first.
    feedback: Vec<FeedbackView>,
}

#[derive(Debug, Serialize)]
struct AttemptView {
    endpoint_id: String,
    provider_name: String,
    model_permaslug: String,
    status: Option<u16>,
    fault: Option<String>,
    /// Ours: when it began.
    started_at: String,
    latency: u64,
    is_byok: bool,
    /// Ours: what people know the caller's own key by, while it is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    own_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
    /// Ours: it was asked for the rest of an answer that another had begun.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    continued: bool,
}

/// Milliseconds from the moment in which the call was admitted.
#[derive(Debug, Serialize)]
struct TimingsView {
    /// To the first attempt: limits, rules, credit and the choice of an endpoint. Null where nothing
    /// was tried.
    first_attempt: Option<u64>,
    /// To the last attempt, which may have answered.
    last_attempt: Option<u64>,
    first_token: Option<u64>,
    end: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ErrorView {
    status: u16,
    error_type: String,
    message: String,
}

/// The record of one generation, as soon as its answer has ended.
pub(crate) async fn get_generation(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    Params(query): Params<GenerationQuery>,
) -> Result<Json<Data<GenerationView>>, ApiError> {
    let id = query.id()?;
    let record = find(&app, &key, &id).await?;
    let feedback = app.engine.stores().feedback.about(&record.id, FEEDBACK_MAX).await?;
    let mut data = view(record, &|endpoint| own_key(&app, endpoint));
    data.feedback = feedback.into_iter().map(FeedbackView::of).collect();
    Ok(Json(Data { data }))
}

/// The record with this id, as soon as its answer has ended.
pub(super) async fn recorded(app: &App, id: &str) -> Result<Option<GenerationRecord>, ApiError> {
    let wanted = GenerationId::from_text(id);
    let generations = &app.engine.stores().generations;
    let mut record = generations.get(&wanted).await?;
    if record.is_none() {
        // It may have ended a moment ago and be on its way to the store.
        app.engine.recorder().flush().await;
        record = generations.get(&wanted).await?;
    }
    Ok(record)
}

/// Whether a key may see what was called in a workspace: in its own, or for a management key, as far
/// as its holder may look at what is of the `area`.
pub(super) fn may_see(app: &App, key: &KeyEntry, area: Area, workspace_id: &str) -> bool {
    if !key.record.management {
        return workspace_id == key.record.workspace_id;
    }
    let access = app.engine.organisation().access(&key.record);
    access.is_some_and(|it| it.may(area, false) && it.reaches(workspace_id))
}

/// The same, if the key may see it.
pub(super) async fn find(
    app: &App,
    key: &KeyEntry,
    id: &str,
) -> Result<GenerationRecord, ApiError> {
    // Another workspace's generation looks like none.
    let record = recorded(app, id).await?;
    let record = record.filter(|it| may_see(app, key, Area::Usage, &it.workspace_id));
    record.ok_or_else(|| ApiError::not_found(format!("Generation {id} not found")))
}

#[expect(clippy::too_many_lines, reason = "a line for each field of the contract")]
fn view(record: GenerationRecord, own_key: OwnKeyOf<'_>) -> GenerationView {
    let region = record.routing.as_ref().and_then(|it| it.asked.region.as_deref());
    let data_region = region.unwrap_or("global").to_owned();
    let response_cache_source_id = record.cache_source().map(str::to_owned);
    let timings = timings(&record);
    let (usage, who) = (record.usage, record.attribution);
    let has_audio = heard(&record.api_type, &usage);
    GenerationView {
        id: record.id.to_string(),
        request_id: record.request_id,
        upstream_id: record.upstream_id,
        model: record.model.to_string(),
        requested_model: record.requested_model,
        provider_name: record.provider,
        router: record.router,
        api_type: record.api_type.into_owned(),
        created_at: record.created_at.to_rfc3339(),
        streamed: record.streamed,
        cancelled: record.cancelled,
        finish_reason: record.finish_reason.map(Cow::into_owned),
        native_finish_reason: record.native_finish_reason,
        latency: record.latency_ms,
        generation_time: record.generation_time_ms,
        moderation_latency: None,
        tokens_prompt: usage.prompt_tokens,
        tokens_completion: usage.completion_tokens,
        native_tokens_prompt: usage.prompt_tokens,
        native_tokens_completion: usage.completion_tokens,
        native_tokens_reasoning: usage.reasoning_tokens,
        native_tokens_cached: usage.cached_tokens,
        native_tokens_cache_write: usage.cache_write_tokens,
        native_tokens_completion_images: usage.image_completion_tokens,
        num_media_prompt: usage.prompt_images,
        num_media_completion: usage.completion_images,
        num_input_audio_prompt: u64::from(has_audio),
        num_characters_prompt: usage.prompt_characters,
        input_audio_milliseconds: usage.prompt_audio_milliseconds,
        num_search_units: usage.search_units,
        num_search_results: usage.web_searches,
        num_fetches: 0,
        web_search_engine: None,
        total_cost: UsdNumber(record.cost),
        usage: UsdNumber(record.cost),
        upstream_inference_cost: UsdNumber(record.upstream_cost),
        cache_discount: record.cache_discount.map(UsdNumber),
        is_byok: record.is_byok,
        is_estimated: usage.is_estimated(),
        is_unpriced: record.unpriced,
        price_source: record.price_source,
        service_tier: record.service_tier,
        app_id: None,
        http_referer: who.http_referer,
        app_title: who.app_title,
        app_categories: who.app_categories,
        origin: who.origin.unwrap_or_default(),
        user_agent: who.user_agent,
        external_user: who.external_user,
        session_id: who.session_id,
        preset_id: record.preset_id,
        workspace_id: record.workspace_id,
        data_region,
        response_cache_source_id,
        tags: who.tags,
        provider_responses: record.attempts.into_iter().map(|it| attempt(it, own_key)).collect(),
        timings,
        routing: record.routing.as_deref().map(|it| RoutingView::of(it, own_key)),
        error: record.error.map(failure),
        feedback: Vec::new(),
    }
}

fn failure(error: ErrorRecord) -> ErrorView {
    let ErrorRecord { status, error_type, message } = error;
    ErrorView { status, error_type, message }
}

/// Whether the prompt had audio. How many pieces is not kept: a transcription has one, and of a
/// conversation it is known that there was some.
fn heard(api_type: &str, usage: &Usage) -> bool {
    api_type == Operation::Transcription.api_type()
        || usage.audio_prompt_tokens > 0
        || usage.prompt_audio_milliseconds > 0
}

fn timings(record: &GenerationRecord) -> TimingsView {
    let after = |attempt: Option<&AttemptRecord>| {
        let millis = attempt?.started_at.millis_since(record.created_at);
        // The clock may have been set meanwhile.
        Some(u64::try_from(millis).unwrap_or_default())
    };
    TimingsView {
        first_attempt: after(record.attempts.first()),
        last_attempt: after(record.attempts.last()),
        first_token: record.latency_ms,
        end: record.generation_time_ms,
    }
}

fn attempt(record: AttemptRecord, own_key: OwnKeyOf<'_>) -> AttemptView {
    let is_byok = EndpointId::own_key_in(&record.endpoint).is_some();
    let own_key = own_key(&record.endpoint);
    AttemptView {
        endpoint_id: record.endpoint,
        provider_name: record.provider,
        model_permaslug: record.model,
        status: record.status,
        fault: record.fault,
        started_at: record.started_at.to_rfc3339(),
        latency: record.latency_ms,
        is_byok,
        own_key,
        dropped: record.dropped,
        continued: record.continued,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tollgate_types::{KeyHash, ModelSlug, Timestamp, UsageSource};

    use super::*;

    fn shown(api_type: &'static str, usage: Usage) -> Value {
        let id = GenerationId::from_text("gen-1");
        let model = ModelSlug::parse("acme/small").unwrap();
        let now = Timestamp::from_unix_millis(0);
        let record = GenerationRecord::new(id, KeyHash::from_bytes([1; 32]), model, now);
        let record = GenerationRecord { api_type: api_type.into(), usage, ..record };
        serde_json::to_value(view(record, &|_| None)).unwrap()
    }

    #[test]
    fn what_is_no_token_is_shown() {
        let reported = Usage { source: UsageSource::Reported, ..Usage::default() };
        for (api_type, usage, expected) in [
            (
                "tts",
                Usage { prompt_characters: 11, ..Usage::default() },
                json!({ "num_characters_prompt": 11, "is_estimated": true, "num_input_audio_prompt": 0 }),
            ),
            (
                "stt",
                Usage { prompt_audio_milliseconds: 1_500, ..reported },
                json!({
                    "input_audio_milliseconds": 1_500,
                    "is_estimated": false,
                    "num_input_audio_prompt": 1
                }),
            ),
            // Heard, though nobody said for how long.
            (
                "stt",
                reported,
                json!({ "input_audio_milliseconds": 0, "num_input_audio_prompt": 1 }),
            ),
            (
                "image",
                Usage { completion_images: 2, prompt_images: 1, ..reported },
                json!({ "num_media_completion": 2, "num_media_prompt": 1 }),
            ),
            (
                "rerank",
                Usage { search_units: 3, ..reported },
                json!({ "num_search_units": 3, "num_search_results": 0 }),
            ),
            (
                "completions",
                Usage { audio_prompt_tokens: 5, prompt_tokens: 9, ..reported },
                json!({ "num_input_audio_prompt": 1, "native_tokens_prompt": 9 }),
            ),
            ("completions", Usage::default(), json!({ "is_estimated": false })),
        ] {
            let shown = shown(api_type, usage);
            assert_eq!(shown["api_type"], api_type);
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(&shown[key], value, "{api_type}: {key}");
            }
        }
    }
}
