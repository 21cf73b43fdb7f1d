-- Ids are 16 bytes, times milliseconds since 1970.

CREATE TABLE rooms (
    -- What entries name a room by: small, so that the index of the log stays dense.
    number     INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    -- What makes two public names the same; NULL for rooms that are not public.
    name_key   TEXT UNIQUE,
    kind       TEXT NOT NULL CHECK (kind IN ('public', 'private', 'direct')),
    -- Both people of a direct room, in order; NULL for others.
    direct_key BLOB UNIQUE,
    topic      TEXT NOT NULL DEFAULT '',
    last_seq   INTEGER NOT NULL DEFAULT 0,
    created    INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    room     BLOB NOT NULL REFERENCES rooms (id),
    person   BLOB NOT NULL,
    role     TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    read_seq INTEGER NOT NULL,
    -- When the membership began: an owner who leaves is followed by whoever has been there longest.
    since    INTEGER NOT NULL,
    PRIMARY KEY (room, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_person ON members (person, room);

-- The log of every room. A message's row holds its present state; an edit or deletion is a row of its own
-- whose target is the message. Rows stand in the order they came in, whatever their room: a group of changes in many
-- rooms then writes few pages.
CREATE TABLE entries (
    room       INTEGER NOT NULL REFERENCES rooms (number),
    seq        INTEGER NOT NULL,
    id         BLOB NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    created    INTEGER NOT NULL,
    -- The person who did it, or the bot.
    person     BLOB,
    bot        TEXT,
    bot_name   TEXT,
    text       TEXT,
    edited     INTEGER,
    deleted    INTEGER NOT NULL DEFAULT 0,
    target     BLOB,
    -- Of a bot's answer: the command, who asked for it, and in which words.
    command_id BLOB,
    asker      BLOB,
    line       TEXT,
    details    TEXT,
    UNIQUE (room, seq)
) STRICT;

CREATE TABLE people (
    id       BLOB PRIMARY KEY,
    username TEXT NOT NULL,
    name     TEXT NOT NULL,
    active   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE auth_position (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n   INTEGER NOT NULL
) STRICT;
INSERT INTO auth_position VALUES (1, 0);

CREATE TABLE revoked_sessions (
    session BLOB PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE claims (
    command     TEXT PRIMARY KEY,
    bot         TEXT NOT NULL,
    bot_name    TEXT NOT NULL,
    spec        TEXT NOT NULL,
    lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invocations (
    id        BLOB PRIMARY KEY,
    room      BLOB NOT NULL,
    asker     BLOB NOT NULL,
    command   TEXT NOT NULL,
    line      TEXT NOT NULL,
    bot       TEXT NOT NULL,
    bot_name  TEXT NOT NULL,
    created   INTEGER NOT NULL,
    deadline  INTEGER NOT NULL,
    outcome   TEXT,
    finished  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX invocations_open ON invocations (deadline) WHERE outcome IS NULL;
CREATE INDEX invocations_finished ON invocations (finished) WHERE outcome IS NOT NULL;
