-- What all keys together used, beside activity_* and time_* that tell keys apart, and what
-- all models together used of a key: so that a month of many keys is added up from few rows.

CREATE TABLE total_day (
    day               BIGINT NOT NULL,
    tag               TEXT COLLATE "C" NOT NULL,
    tag_value         TEXT COLLATE "C" NOT NULL,
    workspace_id      TEXT COLLATE "C" NOT NULL,
    model             TEXT COLLATE "C" NOT NULL,
    endpoint_id       TEXT COLLATE "C" NOT NULL,
    provider          TEXT COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    spent_nanos       BIGINT NOT NULL,
    byok_nanos        BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    reasoning_tokens  BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    PRIMARY KEY (tag, day, workspace_id, model, endpoint_id, provider, tag_value)
);

INSERT INTO total_day
SELECT day, tag, tag_value, workspace_id, model, endpoint_id, provider,
       held_sum(sum(requests), 0),
       held_sum(sum(failed), 0),
       held_sum(sum(spent_nanos), 0),
       held_sum(sum(byok_nanos), 0),
       held_sum(sum(prompt_tokens), 0),
       held_sum(sum(completion_tokens), 0),
       held_sum(sum(reasoning_tokens), 0),
       held_sum(sum(cached_tokens), 0)
FROM activity_day GROUP BY day, tag, tag_value, workspace_id, model, endpoint_id, provider;

CREATE TABLE total_hour (
    hour              BIGINT NOT NULL,
    tag               TEXT COLLATE "C" NOT NULL,
    tag_value         TEXT COLLATE "C" NOT NULL,
    workspace_id      TEXT COLLATE "C" NOT NULL,
    model             TEXT COLLATE "C" NOT NULL,
    endpoint_id       TEXT COLLATE "C" NOT NULL,
    provider          TEXT COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    spent_nanos       BIGINT NOT NULL,
    byok_nanos        BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    reasoning_tokens  BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    PRIMARY KEY (hour, tag, workspace_id, model, endpoint_id, provider, tag_value)
);

INSERT INTO total_hour
SELECT hour, tag, tag_value, workspace_id, model, endpoint_id, provider,
       held_sum(sum(requests), 0),
       held_sum(sum(failed), 0),
       held_sum(sum(spent_nanos), 0),
       held_sum(sum(byok_nanos), 0),
       held_sum(sum(prompt_tokens), 0),
       held_sum(sum(completion_tokens), 0),
       held_sum(sum(reasoning_tokens), 0),
       held_sum(sum(cached_tokens), 0)
FROM activity_hour GROUP BY hour, tag, tag_value, workspace_id, model, endpoint_id, provider;

CREATE TABLE total_minute (
    minute            BIGINT NOT NULL,
    tag               TEXT COLLATE "C" NOT NULL,
    tag_value         TEXT COLLATE "C" NOT NULL,
    workspace_id      TEXT COLLATE "C" NOT NULL,
    model             TEXT COLLATE "C" NOT NULL,
    endpoint_id       TEXT COLLATE "C" NOT NULL,
    provider          TEXT COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    spent_nanos       BIGINT NOT NULL,
    byok_nanos        BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    reasoning_tokens  BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    PRIMARY KEY (minute, tag, workspace_id, model, endpoint_id, provider, tag_value)
);

INSERT INTO total_minute
SELECT minute, tag, tag_value, workspace_id, model, endpoint_id, provider,
       held_sum(sum(requests), 0),
       held_sum(sum(failed), 0),
       held_sum(sum(spent_nanos), 0),
       held_sum(sum(byok_nanos), 0),
       held_sum(sum(prompt_tokens), 0),
       held_sum(sum(completion_tokens), 0),
       held_sum(sum(reasoning_tokens), 0),
       held_sum(sum(cached_tokens), 0)
FROM activity_minute GROUP BY minute, tag, tag_value, workspace_id, model, endpoint_id, provider;

CREATE TABLE total_time_hour (
    hour         BIGINT NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL,
    model        TEXT COLLATE "C" NOT NULL,
    endpoint_id  TEXT COLLATE "C" NOT NULL,
    provider     TEXT COLLATE "C" NOT NULL,
    timed        BIGINT NOT NULL,
    bucket       BIGINT NOT NULL,
    calls        BIGINT NOT NULL,
    millis       BIGINT NOT NULL,
    tokens       BIGINT NOT NULL,
    PRIMARY KEY (hour, workspace_id, model, endpoint_id, provider, timed, bucket)
);

INSERT INTO total_time_hour
SELECT hour, workspace_id, model, endpoint_id, provider, timed, bucket,
       held_sum(sum(calls), 0), held_sum(sum(millis), 0), held_sum(sum(tokens), 0)
FROM time_hour GROUP BY hour, workspace_id, model, endpoint_id, provider, timed, bucket;

CREATE TABLE total_time_minute (
    minute       BIGINT NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL,
    model        TEXT COLLATE "C" NOT NULL,
    endpoint_id  TEXT COLLATE "C" NOT NULL,
    provider     TEXT COLLATE "C" NOT NULL,
    timed        BIGINT NOT NULL,
    bucket       BIGINT NOT NULL,
    calls        BIGINT NOT NULL,
    millis       BIGINT NOT NULL,
    tokens       BIGINT NOT NULL,
    PRIMARY KEY (minute, workspace_id, model, endpoint_id, provider, timed, bucket)
);

INSERT INTO total_time_minute
SELECT minute, workspace_id, model, endpoint_id, provider, timed, bucket,
       held_sum(sum(calls), 0), held_sum(sum(millis), 0), held_sum(sum(tokens), 0)
FROM time_minute GROUP BY minute, workspace_id, model, endpoint_id, provider, timed, bucket;

CREATE TABLE key_total_day (
    day               BIGINT NOT NULL,
    tag               TEXT COLLATE "C" NOT NULL,
    tag_value         TEXT COLLATE "C" NOT NULL,
    key_hash          BYTEA NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    spent_nanos       BIGINT NOT NULL,
    byok_nanos        BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    reasoning_tokens  BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    PRIMARY KEY (tag, day, key_hash, workspace_id, tag_value)
);

INSERT INTO key_total_day
SELECT day, tag, tag_value, key_hash, workspace_id,
       held_sum(sum(requests), 0),
       held_sum(sum(failed), 0),
       held_sum(sum(spent_nanos), 0),
       held_sum(sum(byok_nanos), 0),
       held_sum(sum(prompt_tokens), 0),
       held_sum(sum(completion_tokens), 0),
       held_sum(sum(reasoning_tokens), 0),
       held_sum(sum(cached_tokens), 0)
FROM activity_day GROUP BY day, tag, tag_value, key_hash, workspace_id;
