-- What tickets are found by beside name and order: the main ticket of an add-on, the short code.
ALTER TABLE tickets ADD COLUMN addon_to INTEGER;
ALTER TABLE tickets ADD COLUMN spoken INTEGER;
CREATE INDEX tickets_by_main ON tickets (addon_to) WHERE addon_to IS NOT NULL;
CREATE INDEX tickets_by_spoken ON tickets (spoken) WHERE spoken IS NOT NULL;
