-- Batches: many requests that are answered in the background.
CREATE TABLE batch (
    sequence          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id                TEXT    NOT NULL UNIQUE,
    key_hash          BLOB    NOT NULL CHECK (length(key_hash) = 32),
    workspace_id      TEXT    NOT NULL,
    endpoint          TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    only_providers    TEXT, -- JSON array
    region            TEXT,
    attribution       TEXT, -- JSON object
    status            TEXT    NOT NULL,
    created_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL,
    finalized_at      INTEGER,
    error             TEXT,
    provider          TEXT,
    requests          INTEGER NOT NULL,
    completed         INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cost_nanos        INTEGER NOT NULL,
    with_own_keys     INTEGER NOT NULL,
    lease_node        TEXT,   -- whoever works on it
    lease_until       INTEGER
) STRICT;

CREATE INDEX batch_newest ON batch (workspace_id, created_at DESC, id);
CREATE INDEX batch_due ON batch (created_at, id)
    WHERE status IN ('validating', 'in_progress', 'finalizing', 'cancelling');

-- Its requests and what came of them. What is long comes last: reading what is before it passes
-- it over.
CREATE TABLE batch_request (
    batch_sequence    INTEGER NOT NULL,
    number            INTEGER NOT NULL, -- its place, from 1
    custom_id         TEXT    NOT NULL,
    begun             TEXT,    -- the call that was begun for it last
    status            INTEGER, -- the HTTP status of its outcome; none as long as it has none
    generation_id     TEXT,
    provider          TEXT,
    prompt_tokens     INTEGER,
    completion_tokens INTEGER,
    cost_nanos        INTEGER,
    is_byok           INTEGER,
    body              BLOB,    -- JSON; gone when there is an outcome
    outcome           BLOB,    -- JSON: the answer or the error
    PRIMARY KEY (batch_sequence, number)
) STRICT;

-- Batches that were removed, and whose requests are being removed bit by bit.
CREATE TABLE batch_gone (
    batch_sequence INTEGER NOT NULL PRIMARY KEY
) STRICT;
