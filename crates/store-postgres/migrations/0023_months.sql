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

-- The month of an instant in milliseconds; what no calendar shows is held at its ends.
CREATE FUNCTION month_number(at BIGINT) RETURNS BIGINT
LANGUAGE sql IMMUTABLE AS $$
    SELECT (extract(year FROM instant) * 12 + extract(month FROM instant) - 1)::BIGINT
    FROM (SELECT to_timestamp(
        floor(least(253402300799999, greatest(-62135596800000, at)) / 1000.0)
    ) AT TIME ZONE 'UTC') AS one (instant)
$$;

-- By a trigger, because gateways of the version before this one add movements, too. Whoever adds some
-- has locked the balances of their accounts, so nobody waits here.
CREATE FUNCTION count_months() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO ledger_month (month, account, kind, counter, amount_nanos)
    SELECT month_number(at), account, kind, coalesce(counter, ''), sum(amount_nanos)
    FROM added GROUP BY 1, 2, 3, 4
    ON CONFLICT (month, account, kind, counter) DO UPDATE SET
        amount_nanos = ledger_month.amount_nanos + excluded.amount_nanos;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_movement_is_counted AFTER INSERT ON ledger_movement
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_months();

-- From here on nobody else adds any until this is done.
INSERT INTO ledger_month (month, account, kind, counter, amount_nanos)
SELECT month_number(at), account, kind, coalesce(counter, ''), sum(amount_nanos)
FROM ledger_movement GROUP BY 1, 2, 3, 4;

-- What calls with keys of the callers' own cost there, by the account that they were made for.
CREATE TABLE own_keys_month (
    month        BIGINT NOT NULL,
    account      TEXT   COLLATE "C" NOT NULL,
    listed_nanos BIGINT NOT NULL, -- held at the ends of its range
    PRIMARY KEY (month, account)
) WITH (fillfactor = 50);

INSERT INTO own_keys_month (month, account, listed_nanos)
SELECT month_number(created_at), account, held_sum(sum(upstream_cost_nanos), 0)
FROM generation WHERE is_byok AND upstream_cost_nanos <> 0 GROUP BY 1, 2;
