-- The texts of version 3 are compared byte by byte too, like all the others.
ALTER TABLE events ALTER COLUMN questions TYPE TEXT COLLATE "C";
ALTER TABLE products ALTER COLUMN variations TYPE TEXT COLLATE "C";
ALTER TABLE lists ALTER COLUMN rules TYPE TEXT COLLATE "C";
ALTER TABLE tickets
    ALTER COLUMN answers TYPE TEXT COLLATE "C",
    ALTER COLUMN email TYPE TEXT COLLATE "C",
    ALTER COLUMN spoken TYPE TEXT COLLATE "C";
