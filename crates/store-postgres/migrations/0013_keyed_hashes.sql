-- What API keys are hashed with, sealed with the master key. One row.
CREATE TABLE key_pepper (
    id     SMALLINT NOT NULL PRIMARY KEY CHECK (id = 1),
    sealed BYTEA    NOT NULL
);

-- Whether a hash was made with it. Those of older versions were not.
ALTER TABLE api_key ADD COLUMN keyed BOOLEAN NOT NULL DEFAULT FALSE;
