-- Callers' own keys at providers. A deleted row keeps its id and loses its secret.
CREATE TABLE credential (
    id                     TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    provider               TEXT    COLLATE "C" NOT NULL,
    workspace_id           TEXT,
    name                   TEXT,
    label                  TEXT    NOT NULL,
    sealed                 BYTEA   NOT NULL,
    disabled               BOOLEAN NOT NULL,
    is_fallback            BOOLEAN NOT NULL,
    always_use             BOOLEAN NOT NULL,
    sort_order             BIGINT  NOT NULL,
    allowed_models         TEXT, -- JSON lists; absent is unrestricted
    allowed_user_ids       TEXT,
    allowed_api_key_hashes TEXT,
    created_at             BIGINT  NOT NULL,
    deleted_at             BIGINT,
    CHECK (deleted_at IS NULL OR length(sealed) = 0)
);

INSERT INTO revision (noun, value) VALUES ('credential', 0);

CREATE TRIGGER credential_changed AFTER INSERT OR UPDATE OR DELETE ON credential
    FOR EACH ROW EXECUTE FUNCTION revision_grows('credential');
