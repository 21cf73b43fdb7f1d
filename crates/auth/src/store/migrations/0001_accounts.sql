-- Times are milliseconds since 1970 in UTC; ids are UUIDs as text.

CREATE TABLE people (
    id       TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    name     TEXT NOT NULL,
    admin    INTEGER NOT NULL,
    active   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    person TEXT PRIMARY KEY REFERENCES people (id),
    hash   TEXT NOT NULL -- argon2id, as a PHC string
) STRICT, WITHOUT ROWID;

-- Only sessions that have not ended: a logout deletes the row.
CREATE TABLE sessions (
    id      TEXT PRIMARY KEY,
    person  TEXT NOT NULL REFERENCES people (id),
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX sessions_by_expiry ON sessions (expires);

-- Written in the transaction of the change they tell of, and never changed. The writer takes the next number itself,
-- so that a transaction that failed leaves no gap.
CREATE TABLE events (
    n      INTEGER PRIMARY KEY,
    change TEXT NOT NULL -- JSON
) STRICT;
