-- Versions of the operator's rules, append-only; the newest is in force.
CREATE TABLE policy_version (
    version    INTEGER NOT NULL PRIMARY KEY,
    rules      TEXT    NOT NULL,
    note       TEXT,
    author     TEXT,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER policy_version_is_final BEFORE UPDATE ON policy_version BEGIN
    SELECT RAISE(ABORT, 'versions of rules are append-only');
END;

CREATE TRIGGER policy_version_is_kept BEFORE DELETE ON policy_version BEGIN
    SELECT RAISE(ABORT, 'versions of rules are append-only');
END;

-- Which arm of which experiment a call belonged to, for results per arm.
ALTER TABLE generation ADD COLUMN experiment TEXT;
ALTER TABLE generation ADD COLUMN arm TEXT;

CREATE INDEX generation_arm ON generation (experiment, arm, created_at) WHERE experiment IS NOT NULL;
