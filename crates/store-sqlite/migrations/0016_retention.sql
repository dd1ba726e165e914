-- Generations that were removed because they were old: their ids, so that one that is sent again
-- late is never counted twice, and what they cost, so that the books can be audited.
CREATE TABLE generation_gone (
    id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE generation_gone_cost (
    account    TEXT    NOT NULL PRIMARY KEY,
    cost_nanos INTEGER NOT NULL
) STRICT;

CREATE TRIGGER generation_stays_gone BEFORE INSERT ON generation
WHEN EXISTS (SELECT 1 FROM generation_gone WHERE id = NEW.id) BEGIN
    SELECT RAISE(IGNORE);
END;
