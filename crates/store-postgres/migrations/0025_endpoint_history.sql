-- How attempts at endpoints ended, by quarter of an hour of UTC: its number since 1970.
CREATE TABLE endpoint_quarter (
    quarter     BIGINT NOT NULL,
    endpoint_id TEXT   COLLATE "C" NOT NULL,
    outcome     TEXT   COLLATE "C" NOT NULL,
    count       BIGINT NOT NULL, -- held at the end of its range
    PRIMARY KEY (quarter, endpoint_id, outcome)
) WITH (fillfactor = 50);

CREATE INDEX endpoint_quarter_of_endpoint ON endpoint_quarter (endpoint_id, quarter);

-- What each life of a gateway has told last: what it tells again is not counted again.
CREATE TABLE endpoint_quarter_writer (
    writer  TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    number  BIGINT NOT NULL,
    told_at BIGINT NOT NULL
) WITH (fillfactor = 50);
