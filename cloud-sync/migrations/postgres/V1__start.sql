-- The cloud's books. Ids that travel are bytes, times are microseconds since 1970,
-- booleans are 0 or 1, JSON is text: the same statements run on SQLite. Texts are
-- compared byte by byte, as there.

CREATE TABLE installation (
    name TEXT COLLATE "C" PRIMARY KEY,
    content BYTEA NOT NULL
);

CREATE TABLE private_keys (
    name TEXT COLLATE "C" PRIMARY KEY,
    public BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE organizers (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE tokens (
    hash BYTEA PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    role TEXT COLLATE "C" NOT NULL,
    organizer TEXT COLLATE "C" REFERENCES organizers (id),
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE events (
    id BYTEA PRIMARY KEY,
    organizer TEXT COLLATE "C" NOT NULL REFERENCES organizers (id),
    name TEXT COLLATE "C" NOT NULL,
    timezone TEXT COLLATE "C" NOT NULL,
    starts_at BIGINT NOT NULL,
    doors_at BIGINT,
    ends_at BIGINT,
    currency TEXT COLLATE "C" NOT NULL,
    journal_device BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX events_by_organizer ON events (organizer, id);

CREATE TABLE event_dates (
    event BYTEA NOT NULL REFERENCES events (id),
    number BIGINT NOT NULL,
    starts_at BIGINT NOT NULL,
    doors_at BIGINT,
    ends_at BIGINT,
    PRIMARY KEY (event, number)
);

-- Numbers are never reused: retired keys keep their row.
CREATE TABLE ticket_keys (
    number BIGINT PRIMARY KEY,
    event BYTEA NOT NULL REFERENCES events (id),
    public BYTEA NOT NULL,
    signing BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE INDEX ticket_keys_by_event ON ticket_keys (event);

CREATE TABLE products (
    id TEXT COLLATE "C" PRIMARY KEY,
    event BYTEA NOT NULL REFERENCES events (id),
    number BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    price_minor BIGINT NOT NULL,
    credits TEXT COLLATE "C" NOT NULL,
    UNIQUE (event, number)
);

CREATE TABLE lists (
    id TEXT COLLATE "C" PRIMARY KEY,
    event BYTEA NOT NULL REFERENCES events (id),
    number BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    products TEXT COLLATE "C",
    date_number BIGINT,
    multiple_entries BIGINT NOT NULL,
    reentry_after_exit BIGINT NOT NULL,
    accept_unpaid BIGINT NOT NULL,
    ask_unlisted BIGINT NOT NULL,
    UNIQUE (event, number)
);

CREATE TABLE orders (
    id TEXT COLLATE "C" PRIMARY KEY,
    event BYTEA NOT NULL REFERENCES events (id),
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    owner TEXT COLLATE "C" NOT NULL,
    email TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    total_minor BIGINT NOT NULL,
    refunded_minor BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX orders_by_event ON orders (event, id);

-- Every move of an order, and every payment, for ever.
CREATE TABLE order_moves (
    order_id TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    place BIGINT NOT NULL,
    at BIGINT NOT NULL,
    token TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    before TEXT COLLATE "C" NOT NULL,
    after TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (order_id, place)
);

CREATE TABLE tickets (
    id BIGINT PRIMARY KEY,
    event BYTEA NOT NULL REFERENCES events (id),
    order_id TEXT COLLATE "C" NOT NULL REFERENCES orders (id),
    order_code TEXT COLLATE "C" NOT NULL,
    product BIGINT NOT NULL,
    price_minor BIGINT NOT NULL,
    status BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    date_number BIGINT,
    valid_from BIGINT,
    valid_until BIGINT,
    credits TEXT COLLATE "C" NOT NULL,
    blocked TEXT COLLATE "C",
    needs_approval BIGINT NOT NULL,
    valid_if_pending BIGINT NOT NULL,
    cancelled_at BIGINT,
    refunded_at BIGINT,
    holder TEXT COLLATE "C",
    note TEXT COLLATE "C",
    code TEXT COLLATE "C" NOT NULL
);
CREATE INDEX tickets_by_event ON tickets (event, id);
CREATE INDEX tickets_by_order ON tickets (order_id, id);

-- Answers by key: saved with the effect, or not at all.
CREATE TABLE requests (
    operation TEXT COLLATE "C" NOT NULL,
    owner TEXT COLLATE "C" NOT NULL,
    request_key TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (operation, owner, request_key)
);

CREATE TABLE devices (
    id BYTEA PRIMARY KEY,
    event BYTEA NOT NULL REFERENCES events (id),
    name TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    rights BIGINT NOT NULL,
    certificate BYTEA,
    secret_hash BYTEA UNIQUE,
    secret_expires BIGINT,
    revoked_at BIGINT,
    counts_until TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);
-- A lost device is revoked; its replacement takes its name.
CREATE UNIQUE INDEX devices_by_name ON devices (event, name) WHERE revoked_at IS NULL;

CREATE TABLE staff (
    event BYTEA NOT NULL REFERENCES events (id),
    name TEXT COLLATE "C" NOT NULL,
    pin_hash TEXT COLLATE "C" NOT NULL,
    may_override BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    PRIMARY KEY (event, name)
);

CREATE TABLE journals (
    event BYTEA NOT NULL REFERENCES events (id),
    device BYTEA NOT NULL,
    incarnation BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    clock BIGINT NOT NULL,
    certificate BYTEA NOT NULL,
    PRIMARY KEY (event, device, incarnation)
);

-- The set of entries is the truth; everything below it can be recomputed from it.
CREATE TABLE entries (
    event BYTEA NOT NULL,
    device BYTEA NOT NULL,
    incarnation BIGINT NOT NULL,
    place BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    body BYTEA NOT NULL,
    signature BYTEA,
    ticket BIGINT,
    counts BIGINT NOT NULL,
    PRIMARY KEY (event, device, incarnation, place)
);
CREATE INDEX entries_by_ticket ON entries (event, ticket) WHERE ticket IS NOT NULL;

-- Entries by which stock moves, few among many.
CREATE TABLE right_entries (
    event BYTEA NOT NULL,
    device BYTEA NOT NULL,
    incarnation BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (event, device, incarnation, place)
);

-- The newest code of a ticket that a journal carried.
CREATE TABLE carried_codes (
    event BYTEA NOT NULL,
    ticket BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    code BYTEA NOT NULL,
    PRIMARY KEY (event, ticket)
);

CREATE TABLE totals (
    event BYTEA NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (event, name)
);

CREATE TABLE conflicts (
    event BYTEA NOT NULL,
    ticket BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    excess TEXT COLLATE "C" NOT NULL,
    units BIGINT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (event, ticket, subject, excess)
);

-- What was not taken, with its bytes as evidence.
CREATE TABLE set_aside (
    event BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    device BYTEA NOT NULL,
    incarnation BIGINT NOT NULL,
    first BIGINT NOT NULL,
    code TEXT COLLATE "C" NOT NULL,
    brought_by BYTEA NOT NULL,
    body BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (event, digest)
);

-- Keys of scans and servings on the cloud's own journal.
CREATE TABLE acts (
    event BYTEA NOT NULL,
    operation TEXT COLLATE "C" NOT NULL,
    request_key TEXT COLLATE "C" NOT NULL,
    content BYTEA NOT NULL,
    answer TEXT COLLATE "C" NOT NULL,
    ticket BIGINT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (event, operation, request_key)
);

CREATE TABLE feeds (
    event BYTEA PRIMARY KEY REFERENCES events (id),
    revision BIGINT NOT NULL,
    small_revision BIGINT NOT NULL
);

CREATE TABLE feed_rows (
    event BYTEA NOT NULL,
    kind BIGINT NOT NULL,
    row_key BYTEA NOT NULL,
    revision BIGINT NOT NULL,
    body BYTEA,
    PRIMARY KEY (event, kind, row_key)
);
CREATE UNIQUE INDEX feed_rows_by_revision ON feed_rows (event, revision);
