-- What callers said of a generation afterwards, append-only.
CREATE TABLE feedback (
    id            TEXT    NOT NULL PRIMARY KEY,
    generation_id TEXT    NOT NULL,
    category      TEXT    NOT NULL,
    comment       TEXT,
    key_hash      BLOB    NOT NULL CHECK (length(key_hash) = 32),
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX feedback_generation ON feedback (generation_id, created_at, id);
