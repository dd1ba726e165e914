-- Double entry: a kind says from where to where an amount moves. Append-only.
CREATE TABLE ledger_movement (
    sequence     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id           TEXT    NOT NULL UNIQUE, -- the caller's idempotency key; of a call its generation's
    account      TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    amount_nanos INTEGER NOT NULL CHECK (amount_nanos > 0),
    counter      TEXT,                    -- the receiver of a transfer
    reference    TEXT,
    note         TEXT,
    at           INTEGER NOT NULL,
    expires_at   INTEGER
) STRICT;

CREATE INDEX ledger_movement_of_account ON ledger_movement (account, sequence);
CREATE INDEX ledger_movement_to_account ON ledger_movement (counter, sequence) WHERE counter IS NOT NULL;
CREATE INDEX ledger_movement_about ON ledger_movement (reference) WHERE reference IS NOT NULL;
-- What people and payments enter is rare among calls, and is what statements and audits ask for.
CREATE INDEX ledger_movement_entered ON ledger_movement (account, sequence)
    WHERE kind NOT IN ('hold', 'release', 'charge', 'overrun', 'metered');

CREATE TRIGGER ledger_movement_is_final BEFORE UPDATE ON ledger_movement BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER ledger_movement_is_kept BEFORE DELETE ON ledger_movement BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

-- What the movements come to, moved in the transaction that adds them.
CREATE TABLE ledger_balance (
    account         TEXT    NOT NULL PRIMARY KEY,
    credited_nanos  INTEGER NOT NULL,
    metered_nanos   INTEGER NOT NULL,
    available_nanos INTEGER NOT NULL,
    held_nanos      INTEGER NOT NULL CHECK (held_nanos >= 0),
    spent_nanos     INTEGER NOT NULL,
    CHECK (credited_nanos + metered_nanos = available_nanos + held_nanos + spent_nanos)
) STRICT, WITHOUT ROWID;

-- What nodes have set aside.
CREATE TABLE ledger_lease (
    node         TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    amount_nanos INTEGER NOT NULL CHECK (amount_nanos >= 0),
    touched_at   INTEGER NOT NULL,
    PRIMARY KEY (node, account)
) STRICT, WITHOUT ROWID;

-- What is left of credit that expires.
CREATE TABLE ledger_lot (
    id              TEXT    NOT NULL PRIMARY KEY, -- of the movement that gave it
    account         TEXT    NOT NULL,
    remaining_nanos INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX ledger_lot_of_account ON ledger_lot (account);

-- What was entered and spent so far moves over. Spending was metered: it needed no credit.
INSERT INTO ledger_movement (id, account, kind, amount_nanos, note, at)
SELECT id, account,
       CASE WHEN amount_nanos < 0 THEN 'deduction' ELSE kind END,
       abs(max(amount_nanos, -9223372036854775807)), note, created_at
FROM credit_entry WHERE amount_nanos <> 0 ORDER BY created_at, id;

INSERT INTO ledger_movement (id, account, kind, amount_nanos, note, at)
SELECT 'before-the-ledger/' || account, account, 'metered', spent_nanos, 'spent before there was a ledger',
       coalesce((SELECT max(created_at) FROM generation), 0)
FROM account_usage WHERE spent_nanos > 0;

INSERT INTO ledger_balance (account, credited_nanos, metered_nanos, available_nanos, held_nanos, spent_nanos)
SELECT account,
       sum(CASE kind WHEN 'metered' THEN 0 WHEN 'deduction' THEN -amount_nanos ELSE amount_nanos END),
       sum(CASE kind WHEN 'metered' THEN amount_nanos ELSE 0 END),
       sum(CASE kind WHEN 'metered' THEN 0 WHEN 'deduction' THEN -amount_nanos ELSE amount_nanos END),
       0,
       sum(CASE kind WHEN 'metered' THEN amount_nanos ELSE 0 END)
FROM ledger_movement GROUP BY account;

DROP TABLE credit_total;
DROP TABLE credit_entry;

ALTER TABLE generation ADD COLUMN account TEXT NOT NULL DEFAULT 'default';
ALTER TABLE generation ADD COLUMN paid_by TEXT;
