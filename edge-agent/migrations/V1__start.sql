-- The agent's replica and journal store. Journals are the truth; totals and
-- conflicts are folds, kept in the transaction that inserts what they count.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE journals (
    id          INTEGER PRIMARY KEY,
    device      BLOB NOT NULL,
    incarnation INTEGER NOT NULL,
    certificate BLOB NOT NULL,
    UNIQUE (device, incarnation)
);

-- `ticket` is set for acts alone; `counts` is 0 where the author was not allowed
-- to write the entry, or wrote it after being revoked. `signature` stands at signed heads.
CREATE TABLE entries (
    journal   INTEGER NOT NULL REFERENCES journals (id),
    sequence  INTEGER NOT NULL,
    hash      BLOB NOT NULL,
    bytes     BLOB NOT NULL,
    signature BLOB,
    kind      TEXT NOT NULL,
    ticket    INTEGER,
    counts    INTEGER NOT NULL,
    PRIMARY KEY (journal, sequence)
) WITHOUT ROWID;
CREATE INDEX entries_by_ticket ON entries (ticket) WHERE ticket IS NOT NULL;

-- Genuine codes that journals carried, for tickets whose row is not here: the highest counter.
CREATE TABLE codes (
    ticket  INTEGER PRIMARY KEY,
    counter INTEGER NOT NULL,
    code    BLOB NOT NULL
);

-- The feed's rows: the small kinds whole, tickets apart with what they are found by.
CREATE TABLE rows (
    kind INTEGER NOT NULL,
    key  BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE tickets (
    id     INTEGER PRIMARY KEY,
    holder TEXT,
    code   TEXT, -- of its order
    body   BLOB NOT NULL
);
CREATE INDEX tickets_by_order ON tickets (code) WHERE code IS NOT NULL;

-- Signed pages as they came, for peers and for a cloud that lost its newest rows.
CREATE TABLE pages (
    epoch     BLOB NOT NULL,
    last      INTEGER NOT NULL,
    first     INTEGER NOT NULL,
    signed    BLOB NOT NULL,
    PRIMARY KEY (epoch, last)
) WITHOUT ROWID;

-- Idempotency keys, written with the act they belong to.
CREATE TABLE keys (
    operation TEXT NOT NULL,
    key       TEXT NOT NULL,
    content   BLOB NOT NULL,
    sequence  INTEGER NOT NULL,
    answer    TEXT NOT NULL,
    PRIMARY KEY (operation, key)
) WITHOUT ROWID;

CREATE TABLE totals (
    key    TEXT PRIMARY KEY,
    amount INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE conflicts (
    ticket INTEGER NOT NULL,
    excess TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (ticket, excess)
) WITHOUT ROWID;

-- What could not be taken, with its evidence; the oldest make room.
CREATE TABLE set_aside (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    source TEXT NOT NULL,
    code   TEXT NOT NULL,
    bytes  BLOB NOT NULL
);

-- Failed sign-ins slow the next one down, across restarts.
CREATE TABLE pin_failures (
    name     TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    until    INTEGER NOT NULL
) WITHOUT ROWID;
