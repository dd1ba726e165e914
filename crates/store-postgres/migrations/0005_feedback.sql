-- What callers said of a generation afterwards, append-only.
CREATE TABLE feedback (
    id            TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    generation_id TEXT   COLLATE "C" NOT NULL,
    category      TEXT   NOT NULL,
    comment       TEXT,
    key_hash      BYTEA  NOT NULL CHECK (length(key_hash) = 32),
    created_at    BIGINT NOT NULL
);

CREATE INDEX feedback_generation ON feedback (generation_id, created_at, id);
