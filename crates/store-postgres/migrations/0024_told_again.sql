-- Answers that were told again, and calls for which more than one endpoint was tried. Earlier ones
-- are not counted.
ALTER TABLE activity_day ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_day ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_hour ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_hour ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_minute ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE activity_minute ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_day ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_day ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_hour ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_hour ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_minute ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE total_minute ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_total_day ADD COLUMN cache_hits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE key_total_day ADD COLUMN fallbacks BIGINT NOT NULL DEFAULT 0;
