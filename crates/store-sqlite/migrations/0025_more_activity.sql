-- Answers that were told again, and calls for which more than one endpoint was tried. Earlier ones
-- are not counted.
ALTER TABLE activity_day ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity_day ADD COLUMN fallbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity_hour ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity_hour ADD COLUMN fallbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity_minute ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activity_minute ADD COLUMN fallbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total_day ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total_day ADD COLUMN fallbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total_hour ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total_hour ADD COLUMN fallbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total_minute ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE total_minute ADD COLUMN fallbacks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE key_total_day ADD COLUMN cache_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE key_total_day ADD COLUMN fallbacks INTEGER NOT NULL DEFAULT 0;

-- How long calls of a day took, of all keys together: a month of them is added up of few rows.
CREATE TABLE total_time_day (
    day          INTEGER NOT NULL,
    workspace_id TEXT NOT NULL,
    model        TEXT NOT NULL,
    endpoint_id  TEXT NOT NULL,
    provider     TEXT NOT NULL,
    timed        INTEGER NOT NULL,
    bucket       INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    millis       INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    PRIMARY KEY (day, workspace_id, model, endpoint_id, provider, timed, bucket)
) STRICT, WITHOUT ROWID;

INSERT INTO total_time_day
SELECT hour / 24, workspace_id, model, endpoint_id, provider, timed, bucket, calls, millis, tokens
FROM total_time_hour WHERE TRUE
ON CONFLICT DO UPDATE SET
    calls = min(9223372036854775807, calls + excluded.calls),
    millis = min(9223372036854775807, millis + excluded.millis),
    tokens = min(9223372036854775807, tokens + excluded.tokens);

-- The same of each key, of all models together.
CREATE TABLE key_total_time_day (
    day          INTEGER NOT NULL,
    key_hash     BLOB NOT NULL CHECK (length(key_hash) = 32),
    workspace_id TEXT NOT NULL,
    timed        INTEGER NOT NULL,
    bucket       INTEGER NOT NULL,
    calls        INTEGER NOT NULL,
    millis       INTEGER NOT NULL,
    tokens       INTEGER NOT NULL,
    PRIMARY KEY (day, key_hash, workspace_id, timed, bucket)
) STRICT, WITHOUT ROWID;

INSERT INTO key_total_time_day
SELECT hour / 24, key_hash, workspace_id, timed, bucket, calls, millis, tokens
FROM time_hour WHERE TRUE
ON CONFLICT DO UPDATE SET
    calls = min(9223372036854775807, calls + excluded.calls),
    millis = min(9223372036854775807, millis + excluded.millis),
    tokens = min(9223372036854775807, tokens + excluded.tokens);
