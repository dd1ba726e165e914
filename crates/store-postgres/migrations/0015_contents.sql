-- What was said and answered in calls, sealed. It goes with the generation, or before it.
CREATE TABLE generation_content (
    generation_id TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    created_at    BIGINT NOT NULL,
    sealed        BYTEA  NOT NULL
);

-- Sealed, it can't be made smaller.
ALTER TABLE generation_content ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE INDEX generation_content_age ON generation_content (created_at, generation_id);

-- Removes the oldest month of generations that is over before an instant, and says how many it
-- had; nothing where there is no such month. What was said in them goes with them. Who adds a
-- record of that month waits, all others only for the moment in which the partition goes.
CREATE OR REPLACE FUNCTION drop_generation_month(before BIGINT) RETURNS BIGINT
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    month   TEXT;
    removed BIGINT;
BEGIN
    SELECT child.relname INTO month
    FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = to_regclass('generation')
      AND child.relname ~ '^generation_[0-9]{4}_[0-9]{2}$'
      AND extract(epoch FROM to_date(substr(child.relname, 12), 'YYYY_MM')::TIMESTAMP
                             + INTERVAL '1 month')::BIGINT * 1000 <= before
    ORDER BY child.relname LIMIT 1;
    IF month IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', month);
    EXECUTE format(
        'INSERT INTO generation_gone_cost (account, cost_nanos)
         SELECT account, held_sum(sum(cost_nanos), 0) FROM %I
         WHERE cost_nanos > 0 GROUP BY account ORDER BY account
         ON CONFLICT (account) DO UPDATE SET
             cost_nanos = held_sum(generation_gone_cost.cost_nanos, excluded.cost_nanos)',
        month
    );
    EXECUTE format(
        'DELETE FROM feedback USING %I AS old WHERE feedback.generation_id = old.id', month
    );
    EXECUTE format(
        'DELETE FROM generation_content USING %I AS old
         WHERE generation_content.generation_id = old.id',
        month
    );
    EXECUTE format('SELECT count(*) FROM %I', month) INTO removed;
    EXECUTE format('DROP TABLE %I', month);
    RETURN removed;
END $$;

-- What was used, by hour, as activity_day has it by day. What is old is removed.
CREATE TABLE activity_hour (
    hour              BIGINT NOT NULL, -- whole UTC hours since the epoch
    tag               TEXT   COLLATE "C" NOT NULL,
    tag_value         TEXT   COLLATE "C" NOT NULL,
    key_hash          BYTEA  NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT   COLLATE "C" NOT NULL,
    model             TEXT   COLLATE "C" NOT NULL,
    endpoint_id       TEXT   COLLATE "C" NOT NULL,
    provider          TEXT   COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    spent_nanos       BIGINT NOT NULL,
    byok_nanos        BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    reasoning_tokens  BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    PRIMARY KEY (hour, tag, key_hash, workspace_id, model, endpoint_id, provider, tag_value)
);

-- How long the calls of an hour took.
CREATE TABLE time_hour (
    hour         BIGINT NOT NULL,
    key_hash     BYTEA  NOT NULL CHECK (length(key_hash) = 32),
    workspace_id TEXT   COLLATE "C" NOT NULL,
    model        TEXT   COLLATE "C" NOT NULL,
    endpoint_id  TEXT   COLLATE "C" NOT NULL,
    provider     TEXT   COLLATE "C" NOT NULL,
    timed        BIGINT NOT NULL, -- to the first word, to the end, while writing
    bucket       BIGINT NOT NULL, -- times of about one length
    calls        BIGINT NOT NULL,
    millis       BIGINT NOT NULL,
    tokens       BIGINT NOT NULL,
    PRIMARY KEY (hour, key_hash, workspace_id, model, endpoint_id, provider, timed, bucket)
);

-- What was used, by minute, as activity_day has it by day. What is old is removed.
CREATE TABLE activity_minute (
    minute            BIGINT NOT NULL, -- whole UTC minutes since the epoch
    tag               TEXT   COLLATE "C" NOT NULL,
    tag_value         TEXT   COLLATE "C" NOT NULL,
    key_hash          BYTEA  NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT   COLLATE "C" NOT NULL,
    model             TEXT   COLLATE "C" NOT NULL,
    endpoint_id       TEXT   COLLATE "C" NOT NULL,
    provider          TEXT   COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    spent_nanos       BIGINT NOT NULL,
    byok_nanos        BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    reasoning_tokens  BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    PRIMARY KEY (minute, tag, key_hash, workspace_id, model, endpoint_id, provider, tag_value)
);

-- How long the calls of a minute took.
CREATE TABLE time_minute (
    minute       BIGINT NOT NULL,
    key_hash     BYTEA  NOT NULL CHECK (length(key_hash) = 32),
    workspace_id TEXT   COLLATE "C" NOT NULL,
    model        TEXT   COLLATE "C" NOT NULL,
    endpoint_id  TEXT   COLLATE "C" NOT NULL,
    provider     TEXT   COLLATE "C" NOT NULL,
    timed        BIGINT NOT NULL, -- to the first word, to the end, while writing
    bucket       BIGINT NOT NULL, -- times of about one length
    calls        BIGINT NOT NULL,
    millis       BIGINT NOT NULL,
    tokens       BIGINT NOT NULL,
    PRIMARY KEY (minute, key_hash, workspace_id, model, endpoint_id, provider, timed, bucket)
);

-- The last 93 days of the calls that are there by hour, and the last two by minute. By tag, and how
-- long they took, is known from now on.
INSERT INTO activity_hour
SELECT created_at / 3600000, '', '', key_hash, workspace_id, model,
       coalesce(endpoint_id, ''), coalesce(provider, ''), count(*), count(error_status),
       held_sum(sum(cost_nanos), 0), held_sum(sum(CASE WHEN is_byok THEN upstream_cost_nanos ELSE 0 END), 0),
       held_sum(sum(prompt_tokens), 0), held_sum(sum(completion_tokens), 0), held_sum(sum(reasoning_tokens), 0), held_sum(sum(cached_tokens), 0)
FROM generation
WHERE created_at >= (SELECT max(created_at) FROM generation) - 8035200000
GROUP BY 1, 4, 5, 6, 7, 8;

INSERT INTO activity_minute
SELECT created_at / 60000, '', '', key_hash, workspace_id, model,
       coalesce(endpoint_id, ''), coalesce(provider, ''), count(*), count(error_status),
       held_sum(sum(cost_nanos), 0), held_sum(sum(CASE WHEN is_byok THEN upstream_cost_nanos ELSE 0 END), 0),
       held_sum(sum(prompt_tokens), 0), held_sum(sum(completion_tokens), 0), held_sum(sum(reasoning_tokens), 0), held_sum(sum(cached_tokens), 0)
FROM generation
WHERE created_at >= (SELECT max(created_at) FROM generation) - 172800000
GROUP BY 1, 4, 5, 6, 7, 8;
