-- In which turn a count was told: who hears by that asks nobody's clock.
ALTER TABLE limit_count ADD COLUMN told_in INTEGER NOT NULL DEFAULT 0;

DROP INDEX limit_count_by_time;

CREATE INDEX limit_count_by_telling ON limit_count (told_in);

INSERT INTO revision (noun, value) VALUES ('limit_count', 0);
