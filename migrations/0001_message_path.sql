-- Accounts, sessions, rooms and the log. Times are Unix milliseconds; ids beside an INTEGER key are what the wire shows.

-- One row: which history of the database this is. A restored backup gets a new epoch.
CREATE TABLE history (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    epoch TEXT NOT NULL
) STRICT;

CREATE TABLE users (
    key           INTEGER PRIMARY KEY,
    user_id       TEXT NOT NULL UNIQUE,
    display_name  TEXT NOT NULL COLLATE NOCASE,
    password_hash TEXT NOT NULL, -- PHC string, argon2id
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX users_by_display_name ON users (display_name, user_id);

-- A revoked session is a deleted row.
CREATE TABLE sessions (
    token_hash   BLOB PRIMARY KEY, -- SHA-256 of the token, which is stored nowhere
    session_id   BLOB NOT NULL UNIQUE,
    user         INTEGER NOT NULL REFERENCES users (key),
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    user_agent   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE rooms (
    key        INTEGER PRIMARY KEY,
    room_id    TEXT NOT NULL UNIQUE,
    type       TEXT NOT NULL CHECK (type IN ('channel')),
    title      TEXT NOT NULL,
    latest_seq INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    room          INTEGER NOT NULL REFERENCES rooms (key),
    user          INTEGER NOT NULL REFERENCES users (key),
    role          TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at     INTEGER NOT NULL,
    last_read_seq INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room, user)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user, room);
CREATE INDEX members_by_standing ON members (room, joined_at, user);

CREATE TABLE invites (
    invite_id  BLOB PRIMARY KEY, -- UUIDv7
    room       INTEGER NOT NULL REFERENCES rooms (key),
    from_user  INTEGER NOT NULL REFERENCES users (key),
    to_user    INTEGER NOT NULL REFERENCES users (key),
    status     TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected')),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX invites_pending ON invites (to_user, room) WHERE status = 'pending';

-- The log. Clustered by position, because it is read in pages; idempotency has its own index.
CREATE TABLE messages (
    room           INTEGER NOT NULL REFERENCES rooms (key),
    seq            INTEGER NOT NULL,
    message_id     BLOB NOT NULL, -- UUIDv7
    user           INTEGER NOT NULL REFERENCES users (key),
    client_msg_id  BLOB NOT NULL,
    text           TEXT NOT NULL,
    sent_at        INTEGER NOT NULL,
    sent_at_client INTEGER,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX messages_by_client_msg_id ON messages (room, user, client_msg_id);
