-- What was said and answered in calls, sealed. It goes with the generation, or before it.
CREATE TABLE generation_content (
    generation_id TEXT    NOT NULL PRIMARY KEY,
    created_at    INTEGER NOT NULL,
    sealed        BLOB    NOT NULL
) STRICT;

CREATE INDEX generation_content_age ON generation_content (created_at, generation_id);

-- What was used, by hour, as activity_day has it by day. What is old is removed.
CREATE TABLE activity_hour (
    hour              INTEGER NOT NULL, -- whole UTC hours since the epoch
    tag               TEXT    NOT NULL,
    tag_value         TEXT    NOT NULL,
    key_hash          BLOB    NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    endpoint_id       TEXT    NOT NULL,
    provider          TEXT    NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    spent_nanos       INTEGER NOT NULL,
    byok_nanos        INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    PRIMARY KEY (hour, tag, key_hash, workspace_id, model, endpoint_id, provider, tag_value)
) STRICT, WITHOUT ROWID;

-- How long the calls of an hour took.
CREATE TABLE time_hour (
    hour         INTEGER NOT NULL,
    key_hash     BLOB    NOT NULL CHECK (length(key_hash) = 32),
    workspace_id TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    endpoint_id  TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    timed        INTEGER NOT NULL, -- to the first word, to the end, while writing
    bucket       INTEGER NOT NULL, -- times of about one length
    calls        INTEGER NOT NULL,
    millis       INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    PRIMARY KEY (hour, key_hash, workspace_id, model, endpoint_id, provider, timed, bucket)
) STRICT, WITHOUT ROWID;

-- What was used, by minute, as activity_day has it by day. What is old is removed.
CREATE TABLE activity_minute (
    minute            INTEGER NOT NULL, -- whole UTC minutes since the epoch
    tag               TEXT    NOT NULL,
    tag_value         TEXT    NOT NULL,
    key_hash          BLOB    NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    endpoint_id       TEXT    NOT NULL,
    provider          TEXT    NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    spent_nanos       INTEGER NOT NULL,
    byok_nanos        INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    PRIMARY KEY (minute, tag, key_hash, workspace_id, model, endpoint_id, provider, tag_value)
) STRICT, WITHOUT ROWID;

-- How long the calls of a minute took.
CREATE TABLE time_minute (
    minute       INTEGER NOT NULL,
    key_hash     BLOB    NOT NULL CHECK (length(key_hash) = 32),
    workspace_id TEXT    NOT NULL,
    model        TEXT    NOT NULL,
    endpoint_id  TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    timed        INTEGER NOT NULL, -- to the first word, to the end, while writing
    bucket       INTEGER NOT NULL, -- times of about one length
    calls        INTEGER NOT NULL,
    millis       INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    PRIMARY KEY (minute, key_hash, workspace_id, model, endpoint_id, provider, timed, bucket)
) STRICT, WITHOUT ROWID;

-- The last 93 days of the calls that are there by hour, and the last two by minute. By tag, and how
-- long they took, is known from now on.
INSERT INTO activity_hour
SELECT created_at / 3600000, '', '', key_hash, workspace_id, model,
       coalesce(endpoint_id, ''), coalesce(provider, ''), count(*), count(error_status),
       sum(cost_nanos), sum(CASE WHEN is_byok THEN upstream_cost_nanos ELSE 0 END),
       sum(prompt_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cached_tokens)
FROM generation
WHERE created_at >= (SELECT max(created_at) FROM generation) - 8035200000
GROUP BY 1, 4, 5, 6, 7, 8;

INSERT INTO activity_minute
SELECT created_at / 60000, '', '', key_hash, workspace_id, model,
       coalesce(endpoint_id, ''), coalesce(provider, ''), count(*), count(error_status),
       sum(cost_nanos), sum(CASE WHEN is_byok THEN upstream_cost_nanos ELSE 0 END),
       sum(prompt_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cached_tokens)
FROM generation
WHERE created_at >= (SELECT max(created_at) FROM generation) - 172800000
GROUP BY 1, 4, 5, 6, 7, 8;
