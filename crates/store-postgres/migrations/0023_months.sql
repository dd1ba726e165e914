-- What the movements of a month come to, by what they were: moved in the transaction that adds them,
-- so that nobody adds up an account's history. A month is the number of months since the year 0.
CREATE TABLE ledger_month (
    month        BIGINT  NOT NULL,
    account      TEXT    COLLATE "C" NOT NULL,
    kind         TEXT    NOT NULL,
    counter      TEXT    COLLATE "C" NOT NULL, -- the receiver of transfers; else empty
    amount_nanos NUMERIC NOT NULL,             -- may be more than an amount can be
    PRIMARY KEY (month, account, kind, counter)
) WITH (fillfactor = 50);

CREATE INDEX ledger_month_of_account ON ledger_month (account, month);
CREATE INDEX ledger_month_to_account ON ledger_month (counter, month);

-- What calls with keys of the callers' own cost there, by the account that they were made for.
CREATE TABLE own_keys_month (
    month        BIGINT NOT NULL,
    account      TEXT   COLLATE "C" NOT NULL,
    listed_nanos BIGINT NOT NULL, -- held at the ends of its range
    PRIMARY KEY (month, account)
) WITH (fillfactor = 50);

-- The UTC day since the epoch of an instant in milliseconds; what no calendar shows is held at its
-- ends. One expression, so that it is as quick as if it stood where it is called.
CREATE FUNCTION day_number(at BIGINT) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (least(253402300799999, greatest(-62135596800000, at)) + 62135596800000) / 86400000 - 719162
$$;

-- The month of such a day.
CREATE FUNCTION month_number(day BIGINT) RETURNS BIGINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (extract(year FROM DATE '1970-01-01' + day::INT) * 12
            + extract(month FROM DATE '1970-01-01' + day::INT) - 1)::BIGINT
$$;

-- By triggers, because gateways of the version before this one add movements and records, too.
-- Whoever adds movements has locked the balances of their accounts, so nobody waits here.
CREATE FUNCTION count_months() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO ledger_month (month, account, kind, counter, amount_nanos)
    SELECT month_number(day_number(at)), account, kind, coalesce(counter, ''), sum(amount_nanos)
    FROM added GROUP BY 1, 2, 3, 4
    ON CONFLICT (month, account, kind, counter) DO UPDATE SET
        amount_nanos = ledger_month.amount_nanos + excluded.amount_nanos;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_movement_is_counted AFTER INSERT ON ledger_movement
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_months();

-- Rows are locked in the order of months and accounts, by a batch of records all at once.
CREATE FUNCTION count_own_keys() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO own_keys_month (month, account, listed_nanos)
    SELECT month_number(day_number(created_at)), account, held_sum(sum(upstream_cost_nanos), 0)
    FROM added WHERE is_byok AND upstream_cost_nanos <> 0 GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (month, account) DO UPDATE SET
        listed_nanos = held_sum(own_keys_month.listed_nanos, excluded.listed_nanos);
    RETURN NULL;
END $$;

CREATE TRIGGER generation_is_counted AFTER INSERT ON generation
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_own_keys();

-- From here on nobody else adds any until this is done.
INSERT INTO ledger_month (month, account, kind, counter, amount_nanos)
SELECT month_number(day), account, kind, counter, sum(amount_nanos)
FROM (
    SELECT day_number(at) AS day, account, kind, coalesce(counter, '') AS counter,
           sum(amount_nanos) AS amount_nanos
    FROM ledger_movement GROUP BY 1, 2, 3, 4
) AS by_day GROUP BY 1, 2, 3, 4;

INSERT INTO own_keys_month (month, account, listed_nanos)
SELECT month_number(day_number(created_at)), account, held_sum(sum(upstream_cost_nanos), 0)
FROM generation WHERE is_byok AND upstream_cost_nanos <> 0 GROUP BY 1, 2;
