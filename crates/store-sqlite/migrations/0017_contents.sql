-- What was said and answered in calls, sealed. It goes with the generation, or before it.
CREATE TABLE generation_content (
    generation_id TEXT    NOT NULL PRIMARY KEY,
    created_at    INTEGER NOT NULL,
    sealed        BLOB    NOT NULL
) STRICT;

CREATE INDEX generation_content_age ON generation_content (created_at, generation_id);
