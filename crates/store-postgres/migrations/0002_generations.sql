-- Which ids there are, and when their calls were admitted: a table apart, because an index over
-- all partitions of a table can't be unique without the key of the partitions. It stays whole when
-- an operator drops the months that are no longer wanted, so a record that is sent again late is
-- never counted twice.
CREATE TABLE generation_id (
    id         TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);

-- What is filtered, summed or shown in lists has a column. The rest is JSON, absent when empty.
CREATE TABLE generation (
    id                   TEXT    COLLATE "C" NOT NULL,
    request_id           TEXT,
    key_hash             BYTEA   NOT NULL CHECK (length(key_hash) = 32),
    workspace_id         TEXT    NOT NULL,
    account              TEXT    COLLATE "C" NOT NULL,
    paid_by              TEXT,
    created_at           BIGINT  NOT NULL,
    model                TEXT    NOT NULL,
    requested_model      TEXT    NOT NULL,
    router               TEXT,
    preset_id            TEXT,
    provider             TEXT,
    provider_slug        TEXT,
    endpoint_id          TEXT,
    upstream_id          TEXT,
    api_type             TEXT    NOT NULL,
    streamed             BOOLEAN NOT NULL,
    cancelled            BOOLEAN NOT NULL,
    is_byok              BOOLEAN NOT NULL,
    unpriced             BOOLEAN NOT NULL,
    price_source         TEXT,
    finish_reason        TEXT,
    native_finish_reason TEXT,
    latency_ms           BIGINT,
    generation_time_ms   BIGINT,
    usage_source         TEXT    NOT NULL CHECK (usage_source IN ('reported', 'estimated')),
    prompt_tokens        BIGINT  NOT NULL,
    completion_tokens    BIGINT  NOT NULL,
    cached_tokens        BIGINT  NOT NULL,
    reasoning_tokens     BIGINT  NOT NULL,
    usage_detail         TEXT, -- JSON object: the other counts
    cost_nanos           BIGINT  NOT NULL,
    upstream_cost_nanos  BIGINT  NOT NULL,
    cache_discount_nanos BIGINT,
    service_tier         TEXT,
    http_referer         TEXT,
    app_title            TEXT,
    external_user        TEXT,
    session_id           TEXT,
    attribution_detail   TEXT, -- JSON object: app_categories, origin, user_agent, tags
    attempts             TEXT, -- JSON array, in order
    routing              TEXT, -- JSON object: why the call went where it went
    experiment           TEXT    COLLATE "C",
    arm                  TEXT    COLLATE "C",
    error_status         BIGINT,
    error_type           TEXT,
    error_message        TEXT,
    PRIMARY KEY (created_at, id)
) PARTITION BY RANGE (created_at);

CREATE INDEX generation_of_key ON generation (key_hash, created_at);
CREATE INDEX generation_arm ON generation (experiment, arm, created_at) WHERE experiment IS NOT NULL;

-- Whatever a clock that is far out says has a place: before 2020, and from 2120 on. In between the
-- writer makes a partition for every month when it comes to it.
CREATE TABLE generation_before PARTITION OF generation
    FOR VALUES FROM (MINVALUE) TO (1577836800000);
CREATE TABLE generation_after PARTITION OF generation
    FOR VALUES FROM (4733510400000) TO (MAXVALUE);

-- Makes the partition of the month that begins on a day, unless it is there. Made apart and then
-- attached, which does not hold up whoever reads or writes.
CREATE FUNCTION make_generation_month(first_day DATE) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    month  TEXT := to_char(first_day, '"generation_"YYYY_MM');
    since  BIGINT := extract(epoch FROM first_day::TIMESTAMP)::BIGINT * 1000;
    until  BIGINT := extract(epoch FROM first_day::TIMESTAMP + INTERVAL '1 month')::BIGINT * 1000;
BEGIN
    PERFORM pg_advisory_xact_lock(7021788203141529602);
    IF to_regclass(quote_ident(month)) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE generation INCLUDING ALL)', month);
        EXECUTE format(
            'ALTER TABLE generation ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
            month, since, until
        );
    END IF;
END $$;

-- Spend counters. They move in the transaction that inserts the generation, and only there.
CREATE TABLE key_usage (
    key_hash    BYTEA  NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
    spent_nanos BIGINT NOT NULL,
    byok_nanos  BIGINT NOT NULL,
    requests    BIGINT NOT NULL
);

CREATE TABLE key_usage_day (
    key_hash    BYTEA  NOT NULL CHECK (length(key_hash) = 32),
    day         BIGINT NOT NULL, -- whole UTC days since the epoch
    spent_nanos BIGINT NOT NULL,
    byok_nanos  BIGINT NOT NULL,
    requests    BIGINT NOT NULL,
    PRIMARY KEY (key_hash, day)
);

CREATE TABLE account_usage (
    account     TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    spent_nanos BIGINT NOT NULL,
    byok_nanos  BIGINT NOT NULL,
    requests    BIGINT NOT NULL
);

-- Counters change with every batch: room beside each, so that its new version lies in the same page.
ALTER TABLE key_usage SET (fillfactor = 50);
ALTER TABLE key_usage_day SET (fillfactor = 50);
ALTER TABLE account_usage SET (fillfactor = 10);
