-- Limits of a key beside its own, as JSON; NULL for none.
ALTER TABLE api_key ADD COLUMN rate_limits TEXT;

-- What limits have counted, so that a restart does not forget it.
CREATE TABLE limit_count (
    scope      TEXT    NOT NULL,
    id         TEXT    NOT NULL, -- who is limited
    measure    TEXT    NOT NULL,
    period     TEXT    NOT NULL,
    starts_day INTEGER,          -- of the window, in days since the epoch; NULL for all time
    used       INTEGER NOT NULL,
    PRIMARY KEY (scope, id, measure, period)
) STRICT, WITHOUT ROWID;
