-- Versions of the operator's rules, append-only; the newest is in force.
CREATE TABLE policy_version (
    version    BIGINT NOT NULL PRIMARY KEY,
    rules      TEXT   NOT NULL,
    note       TEXT,
    author     TEXT,
    created_at BIGINT NOT NULL
);

CREATE TRIGGER policy_version_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON policy_version
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
