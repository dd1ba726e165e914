-- What was used, by day: moved in the transaction that inserts a generation, and only there.
CREATE TABLE activity_day (
    day               INTEGER NOT NULL, -- whole UTC days since the epoch
    tag               TEXT    NOT NULL, -- empty in the rows of all calls; else its name, in rows beside them
    tag_value         TEXT    NOT NULL,
    key_hash          BLOB    NOT NULL CHECK (length(key_hash) = 32), -- as the call had it
    workspace_id      TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    endpoint_id       TEXT    NOT NULL, -- empty where nobody answered
    provider          TEXT    NOT NULL,
    requests          INTEGER NOT NULL,
    failed            INTEGER NOT NULL,
    spent_nanos       INTEGER NOT NULL,
    byok_nanos        INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    reasoning_tokens  INTEGER NOT NULL,
    cached_tokens     INTEGER NOT NULL,
    PRIMARY KEY (tag, day, key_hash, workspace_id, model, endpoint_id, provider, tag_value)
) STRICT, WITHOUT ROWID;

INSERT INTO activity_day
SELECT created_at / 86400000, '', '', key_hash, workspace_id, model,
       coalesce(endpoint_id, ''), coalesce(provider, ''),
       count(*), count(error_status), sum(cost_nanos), sum(iif(is_byok, upstream_cost_nanos, 0)),
       sum(prompt_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cached_tokens)
FROM generation GROUP BY 1, 4, 5, 6, 7, 8;

INSERT INTO activity_day
SELECT created_at / 86400000, tag.key, tag.value, key_hash, workspace_id, model,
       coalesce(endpoint_id, ''), coalesce(provider, ''),
       count(*), count(error_status), sum(cost_nanos), sum(iif(is_byok, upstream_cost_nanos, 0)),
       sum(prompt_tokens), sum(completion_tokens), sum(reasoning_tokens), sum(cached_tokens)
FROM generation, json_each(generation.attribution_detail, '$.tags') AS tag
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
