-- What limits have counted, so that a restart does not forget it.
CREATE TABLE limit_count (
    scope      TEXT   COLLATE "C" NOT NULL,
    id         TEXT   COLLATE "C" NOT NULL, -- who is limited
    measure    TEXT   COLLATE "C" NOT NULL,
    period     TEXT   COLLATE "C" NOT NULL,
    starts_day BIGINT, -- of the window, in days since the epoch; NULL for all time
    used       BIGINT NOT NULL,
    PRIMARY KEY (scope, id, measure, period)
);
