-- Answers that were told again, and calls for which more than one endpoint was tried. Earlier ones
-- are not counted.
ALTER TABLE activity_day ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_day ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_hour ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_hour ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_minute ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_minute ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_day ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_day ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_hour ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_hour ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_minute ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_minute ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_total_day ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_total_day ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;

-- How long calls of a day took, of all keys together: a month of them is added up of few rows.
CREATE TABLE total_time_day (
    day          BIGINT NOT NULL,
    workspace_id TEXT COLLATE "C" NOT NULL,
    model        TEXT COLLATE "C" NOT NULL,
    endpoint_id  TEXT COLLATE "C" NOT NULL,
    provider     TEXT COLLATE "C" NOT NULL,
    timed        BIGINT NOT NULL,
    bucket       BIGINT NOT NULL,
    calls        BIGINT NOT NULL,
    millis       BIGINT NOT NULL,
    tokens       BIGINT NOT NULL,
    PRIMARY KEY (day, workspace_id, model, endpoint_id, provider, timed, bucket)
);

INSERT INTO total_time_day
SELECT hour / 24, workspace_id, model, endpoint_id, provider, timed, bucket,
       held_sum(sum(calls), 0), held_sum(sum(millis), 0), held_sum(sum(tokens), 0)
FROM total_time_hour
GROUP BY hour / 24, workspace_id, model, endpoint_id, provider, timed, bucket;

-- The same of each key, of all models together.
CREATE TABLE key_total_time_day (
    day          BIGINT NOT NULL,
    key_hash     BYTEA NOT NULL CHECK (length(key_hash) = 32),
    workspace_id TEXT COLLATE "C" NOT NULL,
    timed        BIGINT NOT NULL,
    bucket       BIGINT NOT NULL,
    calls        BIGINT NOT NULL,
    millis       BIGINT NOT NULL,
    tokens       BIGINT NOT NULL,
    PRIMARY KEY (day, key_hash, workspace_id, timed, bucket)
);

INSERT INTO key_total_time_day
SELECT hour / 24, key_hash, workspace_id, timed, bucket,
       held_sum(sum(calls), 0), held_sum(sum(millis), 0), held_sum(sum(tokens), 0)
FROM time_hour GROUP BY hour / 24, key_hash, workspace_id, timed, bucket;
