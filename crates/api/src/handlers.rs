//! One file per group of operations; each function is one operation of the API.

use http::header::HeaderName;

mod activity;
mod alerts;
mod analytics;
mod audit;
mod auth_code;
mod batches;
mod budgets;
mod byok;
mod credits;
mod current_key;
mod dashboard;
mod dollars;
mod events;
mod feedback;
mod gemini;
mod generate;
mod generation;
mod generation_content;
mod health;
mod history;
mod invitations;
mod keys;
mod logs;
mod members;
mod models;
mod ollama;
mod openapi;
mod operations;
mod payments;
mod people;
mod plans;
mod policy;
mod presets;
mod provider_keys;
mod providers;
mod routing;
mod session;
mod settings;
mod standing;
mod statements;
mod welcome;
mod workspaces;

pub(crate) use activity::list_activity;
pub(crate) use alerts::list_alerts;
pub(crate) use analytics::{get_analytics_meta, query_analytics};
pub(crate) use audit::list_audit;
pub(crate) use auth_code::{approve_app, create_auth_code, exchange_auth_code};
pub(crate) use batches::{cancel_batch, create_batch, delete_batch, get_batch, list_batches};
pub(crate) use budgets::{delete_budget, get_budget, list_budgets, put_budget};
pub(crate) use byok::{create_byok, delete_byok, get_byok, list_byok, update_byok};
pub(crate) use credits::get_credits;
pub(crate) use current_key::get_current_key;
pub(crate) use dashboard::{Served, anything_else, welcome};
pub(crate) use events::listen;
pub(crate) use feedback::create_feedback;
pub(crate) use gemini::{call_gemini_method, get_gemini_model, list_gemini_models};
pub(crate) use generate::{GENERATING, count_message_tokens, create, create_ollama_chat};
pub(crate) use generation::get_generation;
pub(crate) use generation_content::get_generation_content;
pub(crate) use health::{live, metrics, ready};
pub(crate) use history::get_routing_history;
pub(crate) use invitations::{accept_invitation, invite, list_invitations, withdraw_invitation};
pub(crate) use keys::{create_key, delete_key, get_key, list_keys, rotate_key, update_key};
pub(crate) use logs::{count_logs, export_logs, list_log_errors, list_log_values, list_logs};
pub(crate) use members::{add_members, list_members, remove_members};
pub(crate) use models::{
    count_models, get_model, list_embedding_models, list_endpoints, list_image_endpoints,
    list_image_models, list_models, list_user_models,
};
pub(crate) use ollama::{get_version, list_loaded_models, list_ollama_models, show_ollama_model};
pub(crate) use openapi::get_openapi;
pub(crate) use operations::{
    create_embeddings, create_images, create_moderation, create_rerank, create_speech,
    create_transcription,
};
pub(crate) use payments::{
    coinbase_is_gone, create_checkout, create_refund, delete_auto_top_up, get_auto_top_up,
    put_auto_top_up, receive_stripe,
};
pub(crate) use people::{get_me, get_person, list_people, remove_person, update_person};
pub(crate) use plans::{get_plan, list_plans, put_plan};
pub(crate) use policy::{
    get_policy, get_policy_version, list_experiments, list_policy_versions, put_policy,
    restore_policy_version,
};
pub(crate) use presets::{
    delete_preset, get_preset, get_preset_version, list_preset_versions, list_presets,
    save_preset_of_chat, save_preset_of_message, save_preset_of_response, update_preset,
};
pub(crate) use provider_keys::{
    delete_provider_key, list_provider_keys, put_provider_key, try_provider_key,
};
pub(crate) use providers::list_providers;
pub(crate) use routing::explain_routing;
pub(crate) use session::{
    change_password, create_playground_key, create_session, delete_session, get_session, set_up,
};
pub(crate) use settings::list_settings;
pub(crate) use standing::get_routing_health;
pub(crate) use statements::get_statement;
pub(crate) use workspaces::{
    create_workspace, delete_workspace, get_workspace, list_workspaces, update_workspace,
};

/// The generation's id, the same as in the body (contract §0).
pub(crate) const GENERATION_ID: HeaderName = HeaderName::from_static("x-generation-id");
/// Says that no provider counted, but we did, by the length of the prompt.
pub(crate) const IS_ESTIMATED: HeaderName = HeaderName::from_static("x-tollgate-estimated");
/// Where the time of a call went (W3C Server Timing).
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// Whether the answer was told again out of the cache of answers: `HIT` or `MISS` (contract §6.4).
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("x-openrouter-cache-status");
/// How long it has been kept, in seconds.
pub(crate) const CACHE_AGE: HeaderName = HeaderName::from_static("x-openrouter-cache-age");
/// For how many seconds it is kept from now on.
pub(crate) const CACHE_TTL: HeaderName = HeaderName::from_static("x-openrouter-cache-ttl");
/// The generation that it was made by.
pub(crate) const CACHE_SOURCE: HeaderName = HeaderName::from_static("x-openrouter-cache-source-id");
/// Display name of the provider that answered (contract §0).
pub(crate) const PROVIDER_NAME: HeaderName = HeaderName::from_static("x-provider-name");
