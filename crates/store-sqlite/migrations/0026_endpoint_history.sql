-- How attempts at endpoints ended, by quarter of an hour of UTC: its number since 1970.
CREATE TABLE endpoint_quarter (
    quarter     INTEGER NOT NULL,
    endpoint_id TEXT    NOT NULL,
    outcome     TEXT    NOT NULL,
    count       INTEGER NOT NULL, -- held at the end of its range
    PRIMARY KEY (quarter, endpoint_id, outcome)
) STRICT, WITHOUT ROWID;

CREATE INDEX endpoint_quarter_of_endpoint ON endpoint_quarter (endpoint_id, quarter);

-- What each life of a gateway has told last: what it tells again is not counted again.
CREATE TABLE endpoint_quarter_writer (
    writer  TEXT    NOT NULL PRIMARY KEY,
    number  INTEGER NOT NULL,
    told_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
