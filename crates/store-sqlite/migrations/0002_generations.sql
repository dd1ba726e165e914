-- What is filtered, summed or shown in lists has a column. The rest is JSON, absent when empty.
CREATE TABLE generation (
    id                   TEXT    NOT NULL PRIMARY KEY,
    request_id           TEXT,
    key_hash             BLOB    NOT NULL CHECK (length(key_hash) = 32),
    workspace_id         TEXT    NOT NULL,
    created_at           INTEGER NOT NULL,
    model                TEXT    NOT NULL,
    requested_model      TEXT    NOT NULL,
    router               TEXT,
    preset_id            TEXT,
    provider             TEXT,
    provider_slug        TEXT,
    endpoint_id          TEXT,
    upstream_id          TEXT,
    api_type             TEXT    NOT NULL,
    streamed             INTEGER NOT NULL CHECK (streamed IN (0, 1)),
    cancelled            INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
    is_byok              INTEGER NOT NULL CHECK (is_byok IN (0, 1)),
    unpriced             INTEGER NOT NULL CHECK (unpriced IN (0, 1)),
    price_source         TEXT,
    finish_reason        TEXT,
    native_finish_reason TEXT,
    latency_ms           INTEGER,
    generation_time_ms   INTEGER,
    usage_source         TEXT    NOT NULL CHECK (usage_source IN ('reported', 'estimated')),
    prompt_tokens        INTEGER NOT NULL,
    completion_tokens    INTEGER NOT NULL,
    cached_tokens        INTEGER NOT NULL,
    reasoning_tokens     INTEGER NOT NULL,
    usage_detail         TEXT, -- JSON object: the other counts
    cost_nanos           INTEGER NOT NULL,
    upstream_cost_nanos  INTEGER NOT NULL,
    cache_discount_nanos INTEGER,
    service_tier         TEXT,
    http_referer         TEXT,
    app_title            TEXT,
    external_user        TEXT,
    session_id           TEXT,
    attribution_detail   TEXT, -- JSON object: app_categories, origin, user_agent, tags
    attempts             TEXT, -- JSON array, in order
    error_status         INTEGER,
    error_type           TEXT,
    error_message        TEXT
) STRICT;

CREATE INDEX generation_newest ON generation (created_at, id);
CREATE INDEX generation_of_key ON generation (key_hash, created_at);

-- Spend counters. They move in the transaction that inserts the generation, and only there.
CREATE TABLE key_usage (
    key_hash    BLOB    NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
    spent_nanos INTEGER NOT NULL,
    byok_nanos  INTEGER NOT NULL,
    requests    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE key_usage_day (
    key_hash    BLOB    NOT NULL CHECK (length(key_hash) = 32),
    day         INTEGER NOT NULL, -- whole UTC days since the epoch
    spent_nanos INTEGER NOT NULL,
    byok_nanos  INTEGER NOT NULL,
    requests    INTEGER NOT NULL,
    PRIMARY KEY (key_hash, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_usage (
    account     TEXT    NOT NULL PRIMARY KEY,
    spent_nanos INTEGER NOT NULL,
    byok_nanos  INTEGER NOT NULL,
    requests    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
