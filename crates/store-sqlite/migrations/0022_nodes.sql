-- Gateways that may have set credit aside, and when each last told that it is there.
CREATE TABLE ledger_node (
    node     TEXT    NOT NULL PRIMARY KEY,
    heard_at INTEGER NOT NULL -- grows with every word of it
) STRICT, WITHOUT ROWID;

INSERT INTO ledger_node (node, heard_at)
SELECT node, max(touched_at) FROM ledger_lease WHERE amount_nanos > 0 GROUP BY node;

-- What others have ever taken back of it, so that its node hears of it.
ALTER TABLE ledger_lease ADD COLUMN reclaimed_nanos INTEGER NOT NULL DEFAULT 0;
