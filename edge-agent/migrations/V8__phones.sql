-- Phones that are lanes: what each is for, and the hash of the token that it shows.
CREATE TABLE phones (
    id        INTEGER PRIMARY KEY AUTOINCREMENT, -- never again another phone's: keys of its acts hold it
    name      TEXT NOT NULL UNIQUE,
    token     BLOB NOT NULL,
    list      TEXT,
    gate      TEXT,
    direction TEXT,
    serves    TEXT
);
