-- What was used, by day: moved in the transaction that inserts a generation, and only there.
CREATE TABLE activity_day (
    day               BIGINT NOT NULL, -- whole UTC days since the epoch
    tag               TEXT   COLLATE "C" NOT NULL, -- empty in the rows of all calls; else its name, in rows beside them
    tag_value         TEXT   COLLATE "C" NOT NULL,
    key_hash          BYTEA  NOT NULL CHECK (length(key_hash) = 32), -- as the call had it
    workspace_id      TEXT   COLLATE "C" NOT NULL,
    model             TEXT   COLLATE "C" NOT NULL,
    endpoint_id       TEXT   COLLATE "C" NOT NULL, -- empty where nobody answered
    provider          TEXT   COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    failed            BIGINT NOT NULL,
    spent_nanos       BIGINT NOT NULL,
    byok_nanos        BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    reasoning_tokens  BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    PRIMARY KEY (tag, day, key_hash, workspace_id, model, endpoint_id, provider, tag_value)
);
