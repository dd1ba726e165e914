CREATE TABLE preset (
    id                    TEXT    NOT NULL PRIMARY KEY,
    workspace_id          TEXT    NOT NULL,
    slug                  TEXT    NOT NULL,
    name                  TEXT    NOT NULL,
    description           TEXT,
    status                TEXT    NOT NULL CHECK (status IN ('active', 'disabled', 'archived')),
    status_updated_at     INTEGER,
    designated_version    INTEGER NOT NULL,
    designated_version_id TEXT    NOT NULL,
    latest_version        INTEGER NOT NULL,
    creator_user_id       TEXT,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    UNIQUE (workspace_id, slug)
) STRICT;

CREATE INDEX preset_newest ON preset (workspace_id, created_at DESC, slug);

-- What a preset says. A row is never changed; it goes with its preset.
CREATE TABLE preset_version (
    id            TEXT    NOT NULL PRIMARY KEY,
    preset_id     TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    system_prompt TEXT,
    config        TEXT    NOT NULL, -- a JSON object
    creator_id    TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    UNIQUE (preset_id, version)
) STRICT;

-- Every new version changes the row of its preset, so the triggers of that are enough.
INSERT INTO revision (noun, value) VALUES ('preset', 0);

CREATE TRIGGER preset_inserted AFTER INSERT ON preset BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'preset';
END;

CREATE TRIGGER preset_updated AFTER UPDATE ON preset BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'preset';
END;

CREATE TRIGGER preset_deleted AFTER DELETE ON preset BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'preset';
END;
