-- What all keys together used, beside activity_* and time_* that tell keys apart, and what
-- all models together used of a key: so that a month of many keys is added up from few rows.

CREATE TABLE total_day (
    day               INTEGER NOT NULL,
    tag               TEXT NOT NULL,
    tag_value         TEXT NOT NULL,
    workspace_id      TEXT NOT NULL,
    model             TEXT NOT NULL,
    endpoint_id       TEXT NOT NULL,
    provider          TEXT NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    spent_nanos       INTEGER NOT NULL,
    byok_nanos        INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    PRIMARY KEY (tag, day, workspace_id, model, endpoint_id, provider, tag_value)
) STRICT, WITHOUT ROWID;

INSERT INTO total_day
SELECT day, tag, tag_value, workspace_id, model, endpoint_id, provider, requests, failed, spent_nanos, byok_nanos,
       prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens
FROM activity_day WHERE TRUE
ON CONFLICT DO UPDATE SET
    requests = min(9223372036854775807, requests + excluded.requests),
    failed = min(9223372036854775807, failed + excluded.failed),
    spent_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
    byok_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
    prompt_tokens = min(9223372036854775807, prompt_tokens + excluded.prompt_tokens),
    completion_tokens = min(9223372036854775807, completion_tokens + excluded.completion_tokens),
    reasoning_tokens = min(9223372036854775807, reasoning_tokens + excluded.reasoning_tokens),
    cached_tokens = min(9223372036854775807, cached_tokens + excluded.cached_tokens);

CREATE TABLE total_hour (
    hour              INTEGER NOT NULL,
    tag               TEXT NOT NULL,
    tag_value         TEXT NOT NULL,
    workspace_id      TEXT NOT NULL,
    model             TEXT NOT NULL,
    endpoint_id       TEXT NOT NULL,
    provider          TEXT NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    spent_nanos       INTEGER NOT NULL,
    byok_nanos        INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    PRIMARY KEY (hour, tag, workspace_id, model, endpoint_id, provider, tag_value)
) STRICT, WITHOUT ROWID;

INSERT INTO total_hour
SELECT hour, tag, tag_value, workspace_id, model, endpoint_id, provider, requests, failed, spent_nanos, byok_nanos,
       prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens
FROM activity_hour WHERE TRUE
ON CONFLICT DO UPDATE SET
    requests = min(9223372036854775807, requests + excluded.requests),
    failed = min(9223372036854775807, failed + excluded.failed),
    spent_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
    byok_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
    prompt_tokens = min(9223372036854775807, prompt_tokens + excluded.prompt_tokens),
    completion_tokens = min(9223372036854775807, completion_tokens + excluded.completion_tokens),
    reasoning_tokens = min(9223372036854775807, reasoning_tokens + excluded.reasoning_tokens),
    cached_tokens = min(9223372036854775807, cached_tokens + excluded.cached_tokens);

CREATE TABLE total_minute (
    minute            INTEGER NOT NULL,
    tag               TEXT NOT NULL,
    tag_value         TEXT NOT NULL,
    workspace_id      TEXT NOT NULL,
    model             TEXT NOT NULL,
    endpoint_id       TEXT NOT NULL,
    provider          TEXT NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    spent_nanos       INTEGER NOT NULL,
    byok_nanos        INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    PRIMARY KEY (minute, tag, workspace_id, model, endpoint_id, provider, tag_value)
) STRICT, WITHOUT ROWID;

INSERT INTO total_minute
SELECT minute, tag, tag_value, workspace_id, model, endpoint_id, provider, requests, failed, spent_nanos, byok_nanos,
       prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens
FROM activity_minute WHERE TRUE
ON CONFLICT DO UPDATE SET
    requests = min(9223372036854775807, requests + excluded.requests),
    failed = min(9223372036854775807, failed + excluded.failed),
    spent_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
    byok_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
    prompt_tokens = min(9223372036854775807, prompt_tokens + excluded.prompt_tokens),
    completion_tokens = min(9223372036854775807, completion_tokens + excluded.completion_tokens),
    reasoning_tokens = min(9223372036854775807, reasoning_tokens + excluded.reasoning_tokens),
    cached_tokens = min(9223372036854775807, cached_tokens + excluded.cached_tokens);

CREATE TABLE total_time_hour (
    hour         INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    model        TEXT NOT NULL,
    endpoint_id  TEXT NOT NULL,
    provider     TEXT NOT NULL,
    timed        INTEGER NOT NULL,
    bucket       INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    millis       INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    PRIMARY KEY (hour, workspace_id, model, endpoint_id, provider, timed, bucket)
) STRICT, WITHOUT ROWID;

INSERT INTO total_time_hour
SELECT hour, workspace_id, model, endpoint_id, provider, timed, bucket, calls, millis, tokens
FROM time_hour WHERE TRUE
ON CONFLICT DO UPDATE SET
    calls = min(9223372036854775807, calls + excluded.calls),
    millis = min(9223372036854775807, millis + excluded.millis),
    tokens = min(9223372036854775807, tokens + excluded.tokens);

CREATE TABLE total_time_minute (
    minute       INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    model        TEXT NOT NULL,
    endpoint_id  TEXT NOT NULL,
    provider     TEXT NOT NULL,
    timed        INTEGER NOT NULL,
    bucket       INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    millis       INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    PRIMARY KEY (minute, workspace_id, model, endpoint_id, provider, timed, bucket)
) STRICT, WITHOUT ROWID;

INSERT INTO total_time_minute
SELECT minute, workspace_id, model, endpoint_id, provider, timed, bucket, calls, millis, tokens
FROM time_minute WHERE TRUE
ON CONFLICT DO UPDATE SET
    calls = min(9223372036854775807, calls + excluded.calls),
    millis = min(9223372036854775807, millis + excluded.millis),
    tokens = min(9223372036854775807, tokens + excluded.tokens);

CREATE TABLE key_total_day (
    day               INTEGER NOT NULL,
    tag               TEXT NOT NULL,
    tag_value         TEXT NOT NULL,
    key_hash          BLOB NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    spent_nanos       INTEGER NOT NULL,
    byok_nanos        INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    PRIMARY KEY (tag, day, key_hash, workspace_id, tag_value)
) STRICT, WITHOUT ROWID;

INSERT INTO key_total_day
SELECT day, tag, tag_value, key_hash, workspace_id, requests, failed, spent_nanos, byok_nanos,
       prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens
FROM activity_day WHERE TRUE
ON CONFLICT DO UPDATE SET
    requests = min(9223372036854775807, requests + excluded.requests),
    failed = min(9223372036854775807, failed + excluded.failed),
    spent_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, spent_nanos + excluded.spent_nanos)),
    byok_nanos = max(-9223372036854775807 - 1, min(9223372036854775807, byok_nanos + excluded.byok_nanos)),
    prompt_tokens = min(9223372036854775807, prompt_tokens + excluded.prompt_tokens),
    completion_tokens = min(9223372036854775807, completion_tokens + excluded.completion_tokens),
    reasoning_tokens = min(9223372036854775807, reasoning_tokens + excluded.reasoning_tokens),
    cached_tokens = min(9223372036854775807, cached_tokens + excluded.cached_tokens);
