-- "toll": marks the file as ours, so that another program's database is never migrated.
PRAGMA application_id = 1953459308;

CREATE TABLE api_key (
    hash                  BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    name                  TEXT    NOT NULL,
    label                 TEXT    NOT NULL,
    management            INTEGER NOT NULL CHECK (management IN (0, 1)),
    disabled              INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    limit_nanos           INTEGER,
    limit_reset           TEXT    CHECK (limit_reset IN ('daily', 'weekly', 'monthly')),
    include_byok_in_limit INTEGER NOT NULL CHECK (include_byok_in_limit IN (0, 1)),
    created_at            INTEGER NOT NULL, -- milliseconds since the epoch, here and everywhere
    updated_at            INTEGER,
    expires_at            INTEGER,
    creator_user_id       TEXT,
    workspace_id          TEXT    NOT NULL
) STRICT;

CREATE INDEX api_key_newest ON api_key (created_at DESC, hash);

-- Where the spend of a rotated secret goes. Kept flat: new_hash is never an old_hash.
CREATE TABLE key_successor (
    old_hash BLOB NOT NULL PRIMARY KEY CHECK (length(old_hash) = 32),
    new_hash BLOB NOT NULL CHECK (length(new_hash) = 32)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_successor_new ON key_successor (new_hash);

-- One number per noun that grows with every change, for gateways to poll.
CREATE TABLE revision (
    noun  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO revision (noun, value) VALUES ('api_key', 0);

-- Triggers, so that no writer, not even a person with a SQL shell, can forget it.
CREATE TRIGGER api_key_inserted AFTER INSERT ON api_key BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'api_key';
END;

CREATE TRIGGER api_key_updated AFTER UPDATE ON api_key BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'api_key';
END;

CREATE TRIGGER api_key_deleted AFTER DELETE ON api_key BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'api_key';
END;
