-- An event may be made before its start is settled.
ALTER TABLE events ALTER COLUMN starts_at DROP NOT NULL;
