-- An event may be made before its start is settled. SQLite lifts NOT NULL from no column, so there is a new one.
ALTER TABLE events ADD COLUMN unsettled_start BIGINT;
UPDATE events SET unsettled_start = starts_at;
ALTER TABLE events DROP COLUMN starts_at;
ALTER TABLE events RENAME COLUMN unsettled_start TO starts_at;
