-- The life of its journal that a device said it writes when it asked last: of two copies, the one that was heard last.
ALTER TABLE devices ADD COLUMN writes BIGINT;
