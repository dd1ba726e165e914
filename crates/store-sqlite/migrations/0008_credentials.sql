-- Callers' own keys at providers. A deleted row keeps its id and loses its secret.
CREATE TABLE credential (
    id                     TEXT    NOT NULL PRIMARY KEY,
    provider               TEXT    NOT NULL,
    workspace_id           TEXT,
    name                   TEXT,
    label                  TEXT    NOT NULL,
    sealed                 BLOB    NOT NULL,
    disabled               INTEGER NOT NULL,
    is_fallback            INTEGER NOT NULL,
    always_use             INTEGER NOT NULL,
    sort_order             INTEGER NOT NULL,
    allowed_models         TEXT, -- JSON lists; absent is unrestricted
    allowed_user_ids       TEXT,
    allowed_api_key_hashes TEXT,
    created_at             INTEGER NOT NULL,
    deleted_at             INTEGER,
    CHECK (deleted_at IS NULL OR length(sealed) = 0)
) STRICT;

INSERT INTO revision (noun, value) VALUES ('credential', 0);

CREATE TRIGGER credential_inserted AFTER INSERT ON credential BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'credential';
END;

CREATE TRIGGER credential_updated AFTER UPDATE ON credential BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'credential';
END;
