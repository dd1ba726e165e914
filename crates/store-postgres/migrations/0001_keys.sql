-- Texts compare by their bytes everywhere, as they do in the program and in the other stores.

-- One number per noun that grows with every change, for gateways to poll. Whoever changes keys,
-- presets or callers' own keys locks the noun's row first, so that changes follow one another.
CREATE TABLE revision (
    noun  TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- For triggers, so that no writer, not even a person with a SQL shell, can forget it.
CREATE FUNCTION revision_grows() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE revision SET value = value + 1 WHERE noun = TG_ARGV[0];
    RETURN NULL;
END $$;

-- For triggers of what is only ever added to.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;

-- A sum held at the ends of the range.
CREATE FUNCTION held_sum(one NUMERIC, other NUMERIC) RETURNS BIGINT
LANGUAGE sql IMMUTABLE AS $$
    SELECT least(9223372036854775807, greatest(-9223372036854775808, one + other))::BIGINT
$$;

CREATE TABLE api_key (
    hash                  BYTEA   NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    name                  TEXT    NOT NULL,
    label                 TEXT    NOT NULL,
    management            BOOLEAN NOT NULL,
    disabled              BOOLEAN NOT NULL,
    limit_nanos           BIGINT,
    limit_reset           TEXT    CHECK (limit_reset IN ('daily', 'weekly', 'monthly')),
    include_byok_in_limit BOOLEAN NOT NULL,
    created_at            BIGINT  NOT NULL, -- milliseconds since the epoch, here and everywhere
    updated_at            BIGINT,
    expires_at            BIGINT,
    creator_user_id       TEXT,
    workspace_id          TEXT    COLLATE "C" NOT NULL,
    rate_limits           TEXT -- limits beside its own, as JSON; NULL for none
);

CREATE INDEX api_key_newest ON api_key (created_at DESC, hash);

-- Where the spend of a rotated secret goes. Kept flat: new_hash is never an old_hash.
CREATE TABLE key_successor (
    old_hash BYTEA NOT NULL PRIMARY KEY CHECK (length(old_hash) = 32),
    new_hash BYTEA NOT NULL CHECK (length(new_hash) = 32)
);

CREATE INDEX key_successor_new ON key_successor (new_hash);

INSERT INTO revision (noun, value) VALUES ('api_key', 0);

CREATE TRIGGER api_key_changed AFTER INSERT OR UPDATE OR DELETE ON api_key
    FOR EACH ROW EXECUTE FUNCTION revision_grows('api_key');
