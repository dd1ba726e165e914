-- What API keys are hashed with, sealed with the master key. One row.
CREATE TABLE key_pepper (
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed BLOB    NOT NULL
) STRICT;

-- Whether a hash was made with it. Those of older versions were not.
ALTER TABLE api_key ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0 CHECK (keyed IN (0, 1));
