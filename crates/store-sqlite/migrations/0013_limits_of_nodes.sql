-- What limits have counted, for each node apart: nodes on one database hear of each other.
ALTER TABLE limit_count RENAME TO limit_count_of_all;

CREATE TABLE limit_count (
    node       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    id         TEXT NOT NULL, -- who is limited
    measure    TEXT NOT NULL,
    period     TEXT NOT NULL,
    starts_day INTEGER, -- of the window, in days since the epoch; NULL for those of no day
    used       INTEGER NOT NULL,
    held       INTEGER NOT NULL, -- by running calls
    told_at    INTEGER NOT NULL,
    PRIMARY KEY (node, scope, id, measure, period)
) STRICT, WITHOUT ROWID;

CREATE INDEX limit_count_by_time ON limit_count (told_at);

INSERT INTO limit_count (node, scope, id, measure, period, starts_day, used, held, told_at)
SELECT '', scope, id, measure, period, starts_day, used, 0, 0 FROM limit_count_of_all;

DROP TABLE limit_count_of_all;
