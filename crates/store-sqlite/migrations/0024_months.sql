-- What the movements of a month come to, by what they were: moved in the transaction that adds them,
-- so that nobody adds up an account's history. A month is the number of months since the year 0.
CREATE TABLE ledger_month (
    month           INTEGER NOT NULL,
    account         TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    counter         TEXT    NOT NULL, -- the receiver of transfers; else empty
    amount_billions INTEGER NOT NULL, -- whole dollars: a sum may be more than an amount can be
    amount_rest     INTEGER NOT NULL, -- nano-dollars below one
    PRIMARY KEY (month, account, kind, counter)
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_month_of_account ON ledger_month (account, month);
CREATE INDEX ledger_month_to_account ON ledger_month (counter, month);

INSERT INTO ledger_month
SELECT month, account, kind, counter,
       sum(billions) + sum(rest) / 1000000000, sum(rest) % 1000000000
FROM (
    SELECT CASE WHEN day BETWEEN -719528 AND 2932896
                THEN CAST(strftime('%Y', day * 86400, 'unixepoch') AS INTEGER) * 12
                     + CAST(strftime('%m', day * 86400, 'unixepoch') AS INTEGER) - 1
                ELSE 23640 END AS month, -- no calendar shows it: January 1970
           account, kind, counter, billions, rest
    FROM (
        SELECT at / 86400000 - (at % 86400000 < 0) AS day, account, kind,
               coalesce(counter, '') AS counter,
               sum(amount_nanos / 1000000000) AS billions, sum(amount_nanos % 1000000000) AS rest
        FROM ledger_movement GROUP BY 1, 2, 3, 4
    )
) GROUP BY 1, 2, 3, 4;

-- What calls with keys of the callers' own cost there, by the account that they were made for.
CREATE TABLE own_keys_month (
    month        INTEGER NOT NULL,
    account      TEXT    NOT NULL,
    listed_nanos INTEGER NOT NULL, -- held at the ends of its range
    PRIMARY KEY (month, account)
) STRICT, WITHOUT ROWID;

INSERT INTO own_keys_month
SELECT month, account,
       max(-9223372036854775807 - 1, min(9223372036854775807,
           sum(upstream_cost_nanos / 1000000000) * 1000000000 + sum(upstream_cost_nanos % 1000000000)))
FROM (
    SELECT CASE WHEN created_at BETWEEN -62167219200000 AND 253402300799999
                THEN CAST(strftime('%Y', created_at / 1000.0, 'unixepoch') AS INTEGER) * 12
                     + CAST(strftime('%m', created_at / 1000.0, 'unixepoch') AS INTEGER) - 1
                ELSE 23640 END AS month,
           account, upstream_cost_nanos
    FROM generation WHERE is_byok AND upstream_cost_nanos <> 0
) GROUP BY 1, 2;
