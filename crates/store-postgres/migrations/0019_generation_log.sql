-- The log is read by key, and for its errors: in its order, without looking at other records.
CREATE INDEX generation_newest_of_key ON generation (key_hash, created_at, id);

DROP INDEX generation_of_key;

CREATE INDEX generation_newest_failed ON generation (created_at, id) WHERE error_status IS NOT NULL;
