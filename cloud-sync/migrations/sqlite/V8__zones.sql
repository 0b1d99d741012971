-- Counted areas. How many places the cloud and its devices hold is in the journals; `capacity` is what the office said.
CREATE TABLE zones (
    id TEXT PRIMARY KEY,
    event BYTEA NOT NULL REFERENCES events (id),
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    capacity BIGINT NOT NULL,
    UNIQUE (event, number)
);
-- The number of the counted area that a list lets into.
ALTER TABLE lists ADD COLUMN zone_number BIGINT;
