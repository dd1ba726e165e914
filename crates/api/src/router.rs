//! The routes: one line per operation.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{from_fn, from_fn_with_state, map_request};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use http::header::{HeaderName, RETRY_AFTER};
use http::{HeaderMap, Method, Uri};
use tokio_util::sync::CancellationToken;
use tollgate_dashboard::Dashboard;
use tollgate_engine::{Cashier, Engine};
use tollgate_types::AddressRange;
use tollgate_wire::error::ErrorType;
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use crate::audit::audited;
use crate::compression::{compressed, said_in_a_word};
use crate::error::{ApiError, RATE_LIMIT, RATE_REMAINING, RATE_RESET};
use crate::handlers::{
    self as on, CACHE_AGE, CACHE_SOURCE, CACHE_STATUS, CACHE_TTL, GENERATION_ID, IS_ESTIMATED,
    PROVIDER_NAME, SERVER_TIMING, Served,
};
use crate::settings::SettingsInForce;
use crate::skin::speak_its_dialect;
use crate::streams::Streams;
use crate::tries::Tries;
use crate::unread::read_the_rest;

/// What handlers work with.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) engine: Arc<Engine>,
    pub(crate) config: Arc<AppConfig>,
    pub(crate) dashboard: Arc<Served>,
    /// Tries of passwords and codes that have failed.
    pub(crate) tries: Arc<Tries>,
    /// Whether the first owner has come, as far as is known here.
    pub(crate) is_set_up: Arc<AtomicBool>,
    pub(crate) streams: Arc<Streams>,
}

/// What the API can be set to.
#[derive(Debug, Clone)]
pub struct AppConfig {
    /// Largest request body taken, in bytes.
    pub body_bytes_max: usize,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// Headers recorded with each generation beside the contract's, such as `X-Department`.
    pub tag_headers: Vec<HeaderName>,
    /// Hosts, in lower case and without a port, whose calls must be processed in a region, and that
    /// region; besides those that begin with `eu.` or `us.`.
    pub region_hosts: Vec<(String, String)>,
    /// What statements say who they are of.
    pub installation_name: String,
    /// Sells credit; nothing is sold when absent.
    pub cashier: Option<Arc<Cashier>>,
    /// What the gateway is set to.
    pub settings: Arc<SettingsInForce>,
    /// Proxies whose `X-Forwarded-For` says where a call comes from.
    pub trusted_proxies: Vec<AddressRange>,
    /// Where a proxy in front has the gateway, such as `/gateway`; empty at the root.
    pub path_prefix: String,
    /// What browsers are shown.
    pub dashboard: Dashboard,
    /// Cancelled when the program stops: what would go on for ever ends by it.
    pub stopping: CancellationToken,
}

impl Default for AppConfig {
    fn default() -> Self {
        Self {
            body_bytes_max: 64 * 1024 * 1024,
            body_timeout: Duration::from_mins(1),
            tag_headers: Vec::new(),
            region_hosts: Vec::new(),
            installation_name: "tollgate".to_owned(),
            cashier: None,
            settings: Arc::default(),
            trusted_proxies: Vec::new(),
            path_prefix: String::new(),
            dashboard: Dashboard::built(),
            stopping: CancellationToken::new(),
        }
    }
}

impl App {
    /// Puts the application together.
    pub fn new(engine: Arc<Engine>, config: AppConfig) -> Self {
        Self {
            engine,
            dashboard: Arc::new(Served::new(config.dashboard, &config.path_prefix)),
            streams: Arc::new(Streams::new(config.stopping.clone())),
            config: Arc::new(config),
            tries: Arc::default(),
            is_set_up: Arc::default(),
        }
    }
}

/// Every route of the program.
#[expect(clippy::too_many_lines, reason = "a line for each route")]
pub(crate) fn router(app: App) -> Router {
    let api = Router::new()
        .route("/messages/count_tokens", post(on::count_message_tokens))
        .route("/embeddings", post(on::create_embeddings))
        .route("/rerank", post(on::create_rerank))
        .route("/images", post(on::create_images))
        // OpenAI's own path: its clients know no other.
        .route("/images/generations", post(on::create_images))
        .route("/audio/speech", post(on::create_speech))
        .route("/audio/transcriptions", post(on::create_transcription))
        .route("/moderations", post(on::create_moderation))
        .route("/embeddings/models", get(on::list_embedding_models))
        .route("/images/models", get(on::list_image_models))
        .route("/images/models/{author}/{slug}/endpoints", get(on::list_image_endpoints))
        // Google's SDK for Python asks under `v1` unless it is told otherwise.
        .route("/models/{author}", post(on::call_gemini_method))
        .route("/models/{author}/{slug}", post(on::call_gemini_method))
        .route("/models", get(on::list_models).layer(compressed()))
        .route("/models/count", get(on::count_models))
        .route("/models/user", get(on::list_user_models).layer(compressed()))
        // The slash of a model's name may be percent-encoded: then it is one segment.
        .route("/models/{author}/endpoints", get(on::list_endpoints))
        .route("/models/{author}/{slug}/endpoints", get(on::list_endpoints))
        .route("/model/{author}", get(on::get_model))
        .route("/model/{author}/{slug}", get(on::get_model))
        .route("/providers", get(on::list_providers))
        .route("/key", get(on::get_current_key))
        .route("/auth/key", get(on::get_current_key))
        .route("/generation", get(on::get_generation))
        .route("/generation/content", get(on::get_generation_content))
        .route("/generation/feedback", post(on::create_feedback))
        .route("/batches", get(on::list_batches).post(on::create_batch))
        .route("/routing/explain", post(on::explain_routing))
        .route("/auth/keys", post(on::exchange_auth_code))
        .route("/credits/coinbase", post(on::coinbase_is_gone))
        .route("/organization/invitations/accept", post(on::accept_invitation))
        .route("/user/me", get(on::get_me))
        .route("/session", get(on::get_session).post(on::create_session).delete(on::delete_session))
        .route("/setup", post(on::set_up))
        .route("/openapi.json", get(on::get_openapi).layer(compressed()));
    // Each act is entered in the log.
    let management = Router::new()
        .route("/presets", get(on::list_presets))
        .route(
            "/presets/{slug}",
            get(on::get_preset).patch(on::update_preset).delete(on::delete_preset),
        )
        .route("/presets/{slug}/versions", get(on::list_preset_versions))
        .route("/presets/{slug}/versions/{version}", get(on::get_preset_version))
        .route("/presets/{slug}/chat/completions", post(on::save_preset_of_chat))
        .route("/presets/{slug}/messages", post(on::save_preset_of_message))
        .route("/presets/{slug}/responses", post(on::save_preset_of_response))
        .route("/auth/keys/code", post(on::create_auth_code))
        .route("/batches/{id}", get(on::get_batch).delete(on::delete_batch))
        .route("/batches/{id}/cancel", post(on::cancel_batch))
        .route("/keys", get(on::list_keys).post(on::create_key))
        .route("/keys/{hash}/rotate", post(on::rotate_key))
        .route("/keys/{hash}", get(on::get_key).patch(on::update_key).delete(on::delete_key))
        .route("/byok", get(on::list_byok).post(on::create_byok))
        .route("/byok/{id}", get(on::get_byok).patch(on::update_byok).delete(on::delete_byok))
        .route("/provider-keys", get(on::list_provider_keys))
        .route(
            "/provider-keys/{provider}",
            put(on::put_provider_key).delete(on::delete_provider_key),
        )
        .route("/provider-keys/{provider}/test", post(on::try_provider_key))
        .route("/credits", get(on::get_credits))
        .route("/credits/checkout", post(on::create_checkout))
        .route("/credits/refunds", post(on::create_refund))
        .route(
            "/credits/auto-topup",
            get(on::get_auto_top_up).put(on::put_auto_top_up).delete(on::delete_auto_top_up),
        )
        .route("/credits/plan", get(on::get_plan).put(on::put_plan))
        .route("/credits/plans", get(on::list_plans))
        .route("/credits/statements/{month}", get(on::get_statement))
        .route("/activity", get(on::list_activity))
        .route("/alerts", get(on::list_alerts))
        .route("/analytics/meta", get(on::get_analytics_meta))
        .route("/analytics/query", post(on::query_analytics))
        .route("/logs", get(on::list_logs))
        .route("/logs/histogram", get(on::count_logs))
        .route("/logs/facets", get(on::list_log_values))
        .route("/logs/errors", get(on::list_log_errors))
        .route("/logs/export", get(on::export_logs))
        .route("/events", get(on::listen))
        .route("/routing/health", get(on::get_routing_health))
        .route("/routing/history", get(on::get_routing_history))
        .route("/routing/policy", get(on::get_policy).put(on::put_policy))
        .route("/routing/policy/versions", get(on::list_policy_versions))
        .route("/routing/policy/versions/{version}", get(on::get_policy_version))
        .route("/routing/policy/versions/{version}/restore", post(on::restore_policy_version))
        .route("/routing/experiments", get(on::list_experiments))
        .route("/audit", get(on::list_audit))
        .route("/settings", get(on::list_settings))
        .route("/session/password", put(on::change_password))
        .route("/session/playground-key", post(on::create_playground_key))
        .route("/session/auth-code", post(on::approve_app))
        .route("/organization/members", get(on::list_people))
        .route(
            "/organization/members/{id}",
            get(on::get_person).patch(on::update_person).delete(on::remove_person),
        )
        .route("/organization/invitations", get(on::list_invitations).post(on::invite))
        .route("/organization/invitations/{id}", delete(on::withdraw_invitation))
        .route("/workspaces", get(on::list_workspaces).post(on::create_workspace))
        .route(
            "/workspaces/{id}",
            get(on::get_workspace).patch(on::update_workspace).delete(on::delete_workspace),
        )
        .route("/workspaces/{id}/budgets", get(on::list_budgets))
        .route(
            "/workspaces/{id}/budgets/{interval}",
            get(on::get_budget).put(on::put_budget).delete(on::delete_budget),
        )
        .route("/workspaces/{id}/members", get(on::list_members))
        .route("/workspaces/{id}/members/add", post(on::add_members))
        .route("/workspaces/{id}/members/remove", post(on::remove_members))
        .route_layer(compressed())
        .route_layer(from_fn_with_state(app.clone(), audited));

    let gemini = Router::new()
        .route("/models", get(on::list_gemini_models))
        .route("/models/{*model}", get(on::get_gemini_model).post(on::call_gemini_method));
    let ollama = Router::new()
        .route("/chat", post(on::create_ollama_chat))
        .route("/tags", get(on::list_ollama_models))
        .route("/show", post(on::show_ollama_model))
        .route("/ps", get(on::list_loaded_models))
        .route("/version", get(on::get_version));
    // Where the contract had batches first.
    let beta = Router::new()
        .route("/batches", get(on::list_batches).post(on::create_batch))
        .route("/batches/{id}", get(on::get_batch).delete(on::delete_batch))
        .route("/batches/{id}/cancel", post(on::cancel_batch))
        .route_layer(from_fn_with_state(app.clone(), audited));
    let prefix = app.config.path_prefix.clone();
    also_below(
        prefix,
        Router::new()
            .merge(generating())
            .nest("/api/v1", api.merge(management))
            .nest("/api/beta", beta)
            .nest("/api/v1beta", gemini)
            .nest("/api", ollama)
            .route("/", get(on::welcome))
            .route("/webhooks/stripe", post(on::receive_stripe))
            .route("/metrics", get(on::metrics))
            .route("/health/live", get(on::live))
            .route("/health/ready", get(on::ready))
            .fallback(on::anything_else)
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn(read_the_rest))
            .layer(map_request(said_in_a_word))
            .layer(cors())
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(speak_its_dialect))
            .with_state(app),
    )
}

/// Calls that generate. The [`Front`](crate::Front) answers them before they come here.
fn generating() -> Router<App> {
    on::GENERATING.into_iter().fold(Router::new(), |router, (path, dialect)| {
        let create = async move |State(app): State<App>, request: Request| {
            let (mut parts, mut body) = request.into_parts();
            on::create(&app, dialect, &mut parts, &mut body).await
        };
        router.route(path, post(create))
    })
}

/// All of it below a prefix, too, whether a proxy in front takes that away or not. Where there is
/// none nothing of this is on the way of a call.
fn also_below(prefix: String, router: Router) -> Router {
    if prefix.is_empty() {
        return router;
    }
    let strip = move |mut request: Request| {
        if let Some(uri) = without(&prefix, request.uri()) {
            *request.uri_mut() = uri;
        }
        request
    };
    Router::new().fallback_service(router.map_request(strip))
}

/// An address without the prefix that its path begins with.
fn without(prefix: &str, uri: &Uri) -> Option<Uri> {
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    let path = match rest.chars().next() {
        Some('/') => rest.to_owned(),
        None | Some('?') => format!("/{rest}"),
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// What scripts of other sites' pages may read of an answer's head.
pub(crate) const EXPOSED: [HeaderName; 12] = [
    CACHE_STATUS,
    CACHE_AGE,
    CACHE_TTL,
    CACHE_SOURCE,
    GENERATION_ID,
    IS_ESTIMATED,
    PROVIDER_NAME,
    SERVER_TIMING,
    RETRY_AFTER,
    RATE_LIMIT,
    RATE_REMAINING,
    RATE_RESET,
];

/// Open to browsers (contract §0). The headers a browser asks for are named in the answer: by the
/// Fetch standard `*` does not cover `Authorization`.
///
/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names>
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(Duration::from_hours(24))
}

async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("{method} is not allowed on {}", uri.path());
    ApiError::new(ErrorType::MethodNotAllowed, message)
}

/// One bad call never stops the process, and never tells what went wrong inside.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = what, "a handler panicked");
    let mut response = ApiError::new(ErrorType::Server, "Internal Server Error").into_response();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_taken_away_where_it_is_one() {
        for (uri, expected) in [
            ("/gw/api/v1/models?a=b", Some("/api/v1/models?a=b")),
            ("/gw", Some("/")),
            ("/gw?a", Some("/?a")),
            ("/gw/", Some("/")),
            ("http://host:1/gw/x%2Fy", Some("http://host:1/x%2Fy")),
            ("/gwx/api", None),
            ("/api/v1/gw", None),
            ("*", None),
        ] {
            let found = without("/gw", &uri.parse().unwrap()).map(|it| it.to_string());
            assert_eq!(found.as_deref(), expected, "{uri}");
        }
    }
}
