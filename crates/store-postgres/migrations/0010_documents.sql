-- Administrative records, as JSON: few, and never read on a call's path.
CREATE TABLE document (
    kind       TEXT    COLLATE "C" NOT NULL,
    id         TEXT    COLLATE "C" NOT NULL,
    parent     TEXT COLLATE "C",
    name       TEXT COLLATE "C",
    revision   BIGINT  NOT NULL,
    written_at BIGINT  NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
);

CREATE UNIQUE INDEX document_by_name ON document (kind, name) WHERE name IS NOT NULL;
CREATE INDEX document_by_parent ON document (kind, parent, id) WHERE parent IS NOT NULL;

INSERT INTO revision (noun, value) VALUES ('document', 0);

CREATE TRIGGER document_changed AFTER INSERT OR UPDATE OR DELETE ON document
    FOR EACH ROW EXECUTE FUNCTION revision_grows('document');
