//! The columns of every table that is read whole, by name.
//!
//! Statements stay prepared for as long as a connection lasts, and Postgres refuses a prepared
//! `SELECT *` once a newer gateway on the same database has added a column. Names mean the same
//! for ever.

/// The columns of a table, as a statement lists them.
macro_rules! columns {
    (api_key) => {
        "hash, name, label, management, disabled, limit_nanos, limit_reset, \
         include_byok_in_limit, created_at, updated_at, expires_at, creator_user_id, \
         workspace_id, rate_limits, allowed_models, allowed_providers, allowed_addresses, \
         former, keyed, session"
    };
    (batch) => {
        "id, key_hash, workspace_id, endpoint, model, only_providers, region, attribution, status, \
         created_at, expires_at, finalized_at, error, provider, requests, completed, failed, \
         prompt_tokens, completion_tokens, cost_nanos, with_own_keys"
    };
    (credential) => {
        "id, provider, workspace_id, name, label, sealed, disabled, is_fallback, always_use, \
         sort_order, allowed_models, allowed_user_ids, allowed_api_key_hashes, created_at"
    };
    (document) => {
        "kind, id, parent, name, revision, written_at, body"
    };
    (endpoint_quarter) => {
        "quarter, endpoint_id, outcome, count"
    };
    (feedback) => {
        "id, generation_id, category, comment, key_hash, created_at"
    };
    (generation_content) => {
        "generation_id, created_at, sealed"
    };
    (generation) => {
        "id, request_id, key_hash, workspace_id, account, paid_by, created_at, model, \
         requested_model, router, preset_id, provider, provider_slug, endpoint_id, \
         upstream_id, api_type, streamed, cancelled, is_byok, unpriced, price_source, \
         finish_reason, native_finish_reason, latency_ms, generation_time_ms, usage_source, \
         prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, usage_detail, \
         cost_nanos, upstream_cost_nanos, cache_discount_nanos, service_tier, http_referer, \
         app_title, external_user, session_id, attribution_detail, attempts, routing, \
         experiment, arm, error_status, error_type, error_message"
    };
    (limit_count) => {
        "node, scope, id, measure, period, starts_day, used, held, told_at"
    };
    (ledger_balance) => {
        "account, credited_nanos, metered_nanos, available_nanos, held_nanos, spent_nanos"
    };
    (ledger_lease) => {
        "node, account, amount_nanos, touched_at"
    };
    (ledger_lot) => {
        "id, account, remaining_nanos, expires_at"
    };
    (ledger_movement) => {
        "sequence, id, account, kind, amount_nanos, counter, reference, note, at, \
         expires_at"
    };
    (policy_version) => {
        "version, rules, note, author, created_at"
    };
    (preset) => {
        "id, workspace_id, slug, name, description, status, status_updated_at, \
         designated_version, designated_version_id, latest_version, creator_user_id, \
         created_at, updated_at"
    };
    (preset_version) => {
        "id, preset_id, version, system_prompt, config, creator_id, created_at"
    };
    (preset_joined) => {
        "preset.id, preset.workspace_id, preset.slug, preset.name, preset.description, \
         preset.status, preset.status_updated_at, preset.designated_version, \
         preset.designated_version_id, preset.latest_version, preset.creator_user_id, \
         preset.created_at, preset.updated_at"
    };
}
