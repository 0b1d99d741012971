-- A journal whose author wrote several histories has branches: numbers of this database, 0 for what came first.
-- SQLite changes no key in place.
CREATE TABLE branched_entries (
    event BYTEA NOT NULL,
    device BYTEA NOT NULL,
    incarnation BIGINT NOT NULL,
    branch BIGINT NOT NULL DEFAULT 0,
    place BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    body BYTEA NOT NULL,
    signature BYTEA,
    ticket BIGINT,
    counts BIGINT NOT NULL,
    PRIMARY KEY (event, device, incarnation, branch, place)
);
INSERT INTO branched_entries (event, device, incarnation, place, hash, body, signature, ticket, counts)
    SELECT event, device, incarnation, place, hash, body, signature, ticket, counts FROM entries;
DROP TABLE entries;
ALTER TABLE branched_entries RENAME TO entries;
CREATE INDEX entries_by_ticket ON entries (event, ticket) WHERE ticket IS NOT NULL;

-- Each goes off after the place `base` of another one, and `entries` is its last place.
CREATE TABLE branches (
    event BYTEA NOT NULL,
    device BYTEA NOT NULL,
    incarnation BIGINT NOT NULL,
    branch BIGINT NOT NULL,
    parent BIGINT NOT NULL,
    base BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (event, device, incarnation, branch)
);

-- Entries by which rights move or times become known are numbered as they came: who has read them reads on.
CREATE TABLE numbered_rights (
    event BYTEA NOT NULL,
    number BIGINT NOT NULL,
    device BYTEA NOT NULL,
    incarnation BIGINT NOT NULL,
    branch BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (event, number)
);
INSERT INTO numbered_rights (event, number, device, incarnation, branch, place)
    SELECT event, ROW_NUMBER() OVER (PARTITION BY event ORDER BY device, incarnation, place),
        device, incarnation, 0, place
    FROM right_entries;
DROP TABLE right_entries;
ALTER TABLE numbered_rights RENAME TO right_entries;

-- By how many of a journal's entries rights move, how many say what time it was, and how many are on branches.
ALTER TABLE journals ADD COLUMN rights BIGINT NOT NULL DEFAULT 0;
ALTER TABLE journals ADD COLUMN clocks BIGINT NOT NULL DEFAULT 0;
ALTER TABLE journals ADD COLUMN branched BIGINT NOT NULL DEFAULT 0;
UPDATE journals SET rights = (SELECT COUNT(*) FROM right_entries r
    WHERE r.event = journals.event AND r.device = journals.device AND r.incarnation = journals.incarnation);
-- The last place before its branches, and the last at which rights still move once it was retired.
ALTER TABLE journals ADD COLUMN forked_after BIGINT;
ALTER TABLE journals ADD COLUMN retired_after BIGINT;
-- Whether the cloud goes on in another one, because this one may go on elsewhere.
ALTER TABLE journals ADD COLUMN closed BIGINT NOT NULL DEFAULT 0;

-- In which of the cloud's journals an act is.
ALTER TABLE acts ADD COLUMN incarnation BIGINT NOT NULL DEFAULT 1;

-- Until when a device may use rights without being heard, as it was told.
ALTER TABLE devices ADD COLUMN leased_until BIGINT;
