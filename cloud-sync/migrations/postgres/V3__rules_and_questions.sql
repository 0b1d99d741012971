-- Rules, closing times and add-ons of lists; questions; variations; short codes.

-- How many variations were drawn: their numbers are never used again.
ALTER TABLE events ADD COLUMN variations BIGINT NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN questions TEXT NOT NULL DEFAULT '[]';

ALTER TABLE products ADD COLUMN variations TEXT NOT NULL DEFAULT '[]';

ALTER TABLE lists ADD COLUMN addon_match BIGINT NOT NULL DEFAULT 0;
ALTER TABLE lists ADD COLUMN auto_exit_at BIGINT;
ALTER TABLE lists ADD COLUMN rules TEXT;

ALTER TABLE tickets ADD COLUMN variation BIGINT;
ALTER TABLE tickets ADD COLUMN addon_to BIGINT;
ALTER TABLE tickets ADD COLUMN answers TEXT NOT NULL DEFAULT '[]';
ALTER TABLE tickets ADD COLUMN email TEXT;
-- Of the newest code; absent until the program has drawn it for tickets sold before.
ALTER TABLE tickets ADD COLUMN spoken TEXT;
UPDATE tickets SET email = (SELECT orders.email FROM orders WHERE orders.id = tickets.order_id);
CREATE INDEX tickets_by_main ON tickets (addon_to, id) WHERE addon_to IS NOT NULL;
CREATE INDEX tickets_by_spoken ON tickets (event, spoken);
CREATE INDEX tickets_without_spoken ON tickets (id) WHERE spoken IS NULL;
