-- What was said and answered in calls, sealed. It goes with the generation, or before it.
CREATE TABLE generation_content (
    generation_id TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    created_at    BIGINT NOT NULL,
    sealed        BYTEA  NOT NULL
);

-- Sealed, it can't be made smaller.
ALTER TABLE generation_content ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE INDEX generation_content_age ON generation_content (created_at, generation_id);

-- Removes the oldest month of generations that is over before an instant, and says how many it
-- had; nothing where there is no such month. What was said in them goes with them. Who adds a
-- record of that month waits, all others only for the moment in which the partition goes.
CREATE OR REPLACE FUNCTION drop_generation_month(before BIGINT) RETURNS BIGINT
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    month   TEXT;
    removed BIGINT;
BEGIN
    SELECT child.relname INTO month
    FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent = to_regclass('generation')
      AND child.relname ~ '^generation_[0-9]{4}_[0-9]{2}$'
      AND extract(epoch FROM to_date(substr(child.relname, 12), 'YYYY_MM')::TIMESTAMP
                             + INTERVAL '1 month')::BIGINT * 1000 <= before
    ORDER BY child.relname LIMIT 1;
    IF month IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', month);
    EXECUTE format(
        'INSERT INTO generation_gone_cost (account, cost_nanos)
         SELECT account, held_sum(sum(cost_nanos), 0) FROM %I
         WHERE cost_nanos > 0 GROUP BY account ORDER BY account
         ON CONFLICT (account) DO UPDATE SET
             cost_nanos = held_sum(generation_gone_cost.cost_nanos, excluded.cost_nanos)',
        month
    );
    EXECUTE format(
        'DELETE FROM feedback USING %I AS old WHERE feedback.generation_id = old.id', month
    );
    EXECUTE format(
        'DELETE FROM generation_content USING %I AS old
         WHERE generation_content.generation_id = old.id',
        month
    );
    EXECUTE format('SELECT count(*) FROM %I', month) INTO removed;
    EXECUTE format('DROP TABLE %I', month);
    RETURN removed;
END $$;
