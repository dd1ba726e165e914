-- Append-only; id is the caller's idempotency key.
CREATE TABLE credit_entry (
    id           TEXT    NOT NULL PRIMARY KEY,
    account      TEXT    NOT NULL,
    kind         TEXT    NOT NULL CHECK (kind IN ('purchase', 'adjustment', 'promotional')),
    amount_nanos INTEGER NOT NULL,
    note         TEXT,
    created_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX credit_entry_newest ON credit_entry (account, created_at, id);

CREATE TRIGGER credit_entry_is_final BEFORE UPDATE ON credit_entry BEGIN
    SELECT RAISE(ABORT, 'credit entries are append-only');
END;

CREATE TRIGGER credit_entry_is_kept BEFORE DELETE ON credit_entry BEGIN
    SELECT RAISE(ABORT, 'credit entries are append-only');
END;

-- The exact total of each account, moved in the transaction that inserts the entry.
CREATE TABLE credit_total (
    account      TEXT    NOT NULL PRIMARY KEY,
    amount_nanos INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
