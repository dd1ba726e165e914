-- What each gateway may let a key or a workspace spend without asking.
CREATE TABLE allotment (
    spender      TEXT   COLLATE "C" NOT NULL, -- 'key', 'key_with_own', 'workspace', 'workspace_with_own'
    id           TEXT   COLLATE "C" NOT NULL,
    node         TEXT   COLLATE "C" NOT NULL,
    amount_nanos BIGINT NOT NULL,
    told_at      BIGINT NOT NULL, -- by the clock of the server
    PRIMARY KEY (spender, id, node)
) WITH (fillfactor = 50);
