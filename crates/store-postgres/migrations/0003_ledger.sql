-- Double entry: a kind says from where to where an amount moves. Append-only.
CREATE TABLE ledger_movement (
    sequence     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           TEXT   COLLATE "C" NOT NULL UNIQUE, -- the caller's idempotency key; of a call its generation's
    account      TEXT   COLLATE "C" NOT NULL,
    kind         TEXT   NOT NULL,
    amount_nanos BIGINT NOT NULL CHECK (amount_nanos > 0),
    counter      TEXT   COLLATE "C",                 -- the receiver of a transfer
    reference    TEXT   COLLATE "C",
    note         TEXT,
    at           BIGINT NOT NULL,
    expires_at   BIGINT
);

CREATE INDEX ledger_movement_of_account ON ledger_movement (account, sequence);
CREATE INDEX ledger_movement_to_account ON ledger_movement (counter, sequence) WHERE counter IS NOT NULL;
CREATE INDEX ledger_movement_about ON ledger_movement (reference) WHERE reference IS NOT NULL;
-- What people and payments enter is rare among calls, and is what statements and audits ask for.
CREATE INDEX ledger_movement_entered ON ledger_movement (account, sequence)
    WHERE kind NOT IN ('hold', 'release', 'charge', 'overrun', 'metered');

CREATE TRIGGER ledger_movement_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_movement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What the movements come to, moved in the transaction that adds them. Whoever changes anything of
-- an account, also its slices and lots, has locked this row of it.
CREATE TABLE ledger_balance (
    account         TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    credited_nanos  BIGINT NOT NULL,
    metered_nanos   BIGINT NOT NULL,
    available_nanos BIGINT NOT NULL,
    held_nanos      BIGINT NOT NULL CHECK (held_nanos >= 0),
    spent_nanos     BIGINT NOT NULL,
    CHECK (credited_nanos::NUMERIC + metered_nanos = available_nanos::NUMERIC + held_nanos + spent_nanos)
) WITH (fillfactor = 10);

-- What nodes have set aside.
CREATE TABLE ledger_lease (
    node         TEXT   COLLATE "C" NOT NULL,
    account      TEXT   COLLATE "C" NOT NULL,
    amount_nanos BIGINT NOT NULL CHECK (amount_nanos >= 0),
    touched_at   BIGINT NOT NULL,
    PRIMARY KEY (node, account)
) WITH (fillfactor = 50);

-- What is left of credit that expires.
CREATE TABLE ledger_lot (
    id              TEXT   COLLATE "C" NOT NULL PRIMARY KEY, -- of the movement that gave it
    account         TEXT   COLLATE "C" NOT NULL,
    remaining_nanos BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL
);

CREATE INDEX ledger_lot_of_account ON ledger_lot (account);
CREATE INDEX ledger_lot_by_end ON ledger_lot (expires_at);
