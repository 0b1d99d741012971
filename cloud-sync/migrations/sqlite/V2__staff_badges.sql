-- The counter of a person's newest badge; 0 where none was issued.
ALTER TABLE staff ADD COLUMN badge_counter BIGINT NOT NULL DEFAULT 0;
