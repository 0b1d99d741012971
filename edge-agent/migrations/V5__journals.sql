-- A journal that was forked is kept in parts: its trunk, and branches off another part, each named by
-- the hash of its first entry. `base` is the last sequence before a part.
CREATE TABLE parts (
    id          INTEGER PRIMARY KEY,
    device      BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    certificate BLOB NOT NULL,
    parent      INTEGER,
    base        INTEGER NOT NULL DEFAULT 0,
    branch      BLOB NOT NULL DEFAULT x'',
    UNIQUE (device, incarnation, branch)
);
INSERT INTO parts (id, device, incarnation, certificate) SELECT id, device, incarnation, certificate FROM journals;
DROP TABLE journals;
ALTER TABLE parts RENAME TO journals;

-- A key belongs to the incarnation that its act stands in.
ALTER TABLE keys ADD COLUMN incarnation INTEGER NOT NULL DEFAULT 1;
