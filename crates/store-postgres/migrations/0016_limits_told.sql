-- In which transaction a count was told: who hears by that misses none that is committed late.
ALTER TABLE limit_count ADD COLUMN told_in BIGINT NOT NULL
    DEFAULT (pg_current_xact_id()::TEXT::BIGINT);

DROP INDEX limit_count_by_time;

CREATE INDEX limit_count_by_telling ON limit_count (told_in);
