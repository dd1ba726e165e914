-- Batches: many requests that are answered in the background.
CREATE TABLE batch (
    sequence          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                TEXT   COLLATE "C" NOT NULL UNIQUE,
    key_hash          BYTEA  NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT   COLLATE "C" NOT NULL,
    endpoint          TEXT   NOT NULL,
    model             TEXT   NOT NULL,
    only_providers    TEXT, -- JSON array
    region            TEXT,
    attribution       TEXT, -- JSON object
    status            TEXT   COLLATE "C" NOT NULL,
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    finalized_at      BIGINT,
    error             TEXT,
    provider          TEXT,
    requests          BIGINT NOT NULL,
    completed         BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cost_nanos        BIGINT NOT NULL,
    with_own_keys     BIGINT NOT NULL,
    lease_node        TEXT   COLLATE "C", -- whoever works on it
    lease_until       BIGINT
) WITH (fillfactor = 50); -- changed with each request

CREATE INDEX batch_newest ON batch (workspace_id, created_at DESC, id);
CREATE INDEX batch_due ON batch (created_at, id)
    WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling');

-- Its requests and what came of them.
CREATE TABLE batch_request (
    batch_sequence    BIGINT NOT NULL,
    number            BIGINT NOT NULL, -- its place, from 1
    custom_id         TEXT   NOT NULL,
    begun             TEXT,   -- the call that was begun for it last
    status            BIGINT, -- the HTTP status of its outcome; none as long as it has none
    generation_id     TEXT,
    provider          TEXT,
    prompt_tokens     BIGINT,
    completion_tokens BIGINT,
    cost_nanos        BIGINT,
    is_byok           BOOLEAN,
    body              BYTEA,  -- JSON; gone when there is an outcome
    outcome           BYTEA,  -- JSON: the answer or the error
    PRIMARY KEY (batch_sequence, number)
);

-- Batches that were removed, and whose requests are being removed bit by bit.
CREATE TABLE batch_gone (
    batch_sequence BIGINT NOT NULL PRIMARY KEY
);
