-- Administrative records, as JSON: few, and never read on a call's path.
CREATE TABLE document (
    kind       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    parent     TEXT,
    name       TEXT,
    revision   INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX document_by_name ON document (kind, name) WHERE name IS NOT NULL;
CREATE INDEX document_by_parent ON document (kind, parent, id) WHERE parent IS NOT NULL;

INSERT INTO revision (noun, value) VALUES ('document', 0);

CREATE TRIGGER document_inserted AFTER INSERT ON document BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'document';
END;

CREATE TRIGGER document_updated AFTER UPDATE ON document BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'document';
END;

CREATE TRIGGER document_deleted AFTER DELETE ON document BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = 'document';
END;
