-- What limits have counted, for each node apart: nodes on one database hear of each other.
ALTER TABLE limit_count RENAME TO limit_count_of_all;

CREATE TABLE limit_count (
    node       TEXT COLLATE "C" NOT NULL,
    scope      TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL, -- who is limited
    measure    TEXT COLLATE "C" NOT NULL,
    period     TEXT COLLATE "C" NOT NULL,
    starts_day BIGINT, -- of the window, in days since the epoch; NULL for those of no day
    used       BIGINT NOT NULL,
    held       BIGINT NOT NULL, -- by running calls
    told_at    BIGINT NOT NULL,
    PRIMARY KEY (node, scope, id, measure, period)
);

CREATE INDEX limit_count_by_time ON limit_count (told_at);

INSERT INTO limit_count (node, scope, id, measure, period, starts_day, used, held, told_at)
SELECT '', scope, id, measure, period, starts_day, used, 0, 0 FROM limit_count_of_all;

DROP TABLE limit_count_of_all;
