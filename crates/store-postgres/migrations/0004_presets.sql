CREATE TABLE preset (
    id                    TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    workspace_id          TEXT   COLLATE "C" NOT NULL,
    slug                  TEXT   COLLATE "C" NOT NULL,
    name                  TEXT   NOT NULL,
    description           TEXT,
    status                TEXT   NOT NULL CHECK (status IN ('active', 'disabled', 'archived')),
    status_updated_at     BIGINT,
    designated_version    BIGINT NOT NULL,
    designated_version_id TEXT   COLLATE "C" NOT NULL,
    latest_version        BIGINT NOT NULL,
    creator_user_id       TEXT,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL,
    UNIQUE (workspace_id, slug)
);

CREATE INDEX preset_newest ON preset (workspace_id, created_at DESC, slug);

-- What a preset says. A row is never changed; it goes with its preset.
CREATE TABLE preset_version (
    id            TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    preset_id     TEXT   COLLATE "C" NOT NULL,
    version       BIGINT NOT NULL,
    system_prompt TEXT,
    config        TEXT   NOT NULL, -- a JSON object
    creator_id    TEXT   NOT NULL,
    created_at    BIGINT NOT NULL,
    UNIQUE (preset_id, version)
);

-- Every new version changes the row of its preset, so the trigger of that is enough.
INSERT INTO revision (noun, value) VALUES ('preset', 0);

CREATE TRIGGER preset_changed AFTER INSERT OR UPDATE OR DELETE ON preset
    FOR EACH ROW EXECUTE FUNCTION revision_grows('preset');
