-- Why a ticket's row is told to a device at its start: bits, none of them for a ticket whose code says everything.
-- Of tickets sold before, nobody knows whether a code of the same counter once granted less: those with a window may.
ALTER TABLE tickets ADD COLUMN marks BIGINT NOT NULL DEFAULT 0;
UPDATE tickets SET marks =
    CASE WHEN status <> 0 OR counter > 0 OR blocked IS NOT NULL OR needs_approval <> 0 THEN 1 ELSE 0 END
    + CASE WHEN valid_from IS NOT NULL OR valid_until IS NOT NULL THEN 2 ELSE 0 END
    + CASE WHEN variation IS NOT NULL THEN 4 ELSE 0 END
    + CASE WHEN addon_to IS NOT NULL THEN 8 ELSE 0 END
    + CASE WHEN answers <> '[]' THEN 16 ELSE 0 END;
CREATE INDEX tickets_marked ON tickets (event, marks, id) WHERE marks > 0;
