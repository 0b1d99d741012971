-- A million rows are written in the order of their ids, so nothing but the id is kept in order: what people find
-- tickets by, the order's code and the short code too, is in the index of words. `marked` are those whose codes do
-- not say everything. `revision` is the one that a row is as new as, under the epoch that `generation` counts.
CREATE TABLE tickets_by_id (
    id         INTEGER PRIMARY KEY,
    addon_to   INTEGER,
    marked     INTEGER NOT NULL DEFAULT 0,
    generation INTEGER NOT NULL DEFAULT 0,
    revision   INTEGER NOT NULL DEFAULT 0,
    body       BLOB NOT NULL
);
INSERT INTO tickets_by_id (id, addon_to, body) SELECT id, addon_to, body FROM tickets ORDER BY id;
DROP TABLE tickets;
ALTER TABLE tickets_by_id RENAME TO tickets;
CREATE INDEX tickets_by_main ON tickets (addon_to) WHERE addon_to IS NOT NULL;
CREATE INDEX tickets_marked ON tickets (id) WHERE marked = 1;

-- Signed parts of starts: the one that this device began with, for peers, and those that are being gathered.
CREATE TABLE start_parts (
    contents BLOB NOT NULL,
    number   INTEGER NOT NULL,
    signed   BLOB NOT NULL,
    PRIMARY KEY (contents, number)
);

-- Signed shelves as they came, packed, for peers: tickets after one, -1 at the beginning, up to another.
CREATE TABLE shelves (
    epoch    BLOB NOT NULL,
    after    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    signed   BLOB NOT NULL,
    PRIMARY KEY (epoch, after)
);
