-- Friends, direct rooms, files, service accounts. Foreign keys are checked after the step, not during it.

-- SQLite cannot change a CHECK: the table is made anew, with the keys as they are.
CREATE TABLE rooms_with_direct (
    key        INTEGER PRIMARY KEY,
    room_id    TEXT NOT NULL UNIQUE,
    type       TEXT NOT NULL CHECK (type IN ('channel', 'dm')),
    title      TEXT NOT NULL, -- empty for a direct room: its title is the other one's name
    latest_seq INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO rooms_with_direct SELECT key, room_id, type, title, latest_seq, created_at FROM rooms;
DROP TABLE rooms;
ALTER TABLE rooms_with_direct RENAME TO rooms;

-- Two rows for each friendship, one each way.
CREATE TABLE friends (
    user   INTEGER NOT NULL REFERENCES users (key),
    friend INTEGER NOT NULL REFERENCES users (key),
    since  INTEGER NOT NULL,
    PRIMARY KEY (user, friend)
) STRICT, WITHOUT ROWID;

CREATE TABLE friend_requests (
    request_id BLOB PRIMARY KEY, -- UUIDv7
    from_user  INTEGER NOT NULL REFERENCES users (key),
    to_user    INTEGER NOT NULL REFERENCES users (key),
    status     TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected')),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX friend_requests_incoming ON friend_requests (to_user, from_user) WHERE status = 'pending';
CREATE INDEX friend_requests_outgoing ON friend_requests (from_user) WHERE status = 'pending';

-- What was uploaded; the content is a blob by its hash. `uploaded_at` is the last time, `sent` whether a message refers to it.
CREATE TABLE files (
    key         INTEGER PRIMARY KEY,
    file_id     BLOB NOT NULL UNIQUE, -- UUIDv7
    uploader    INTEGER NOT NULL REFERENCES users (key),
    name        TEXT NOT NULL,
    mime_type   TEXT NOT NULL,
    size        INTEGER NOT NULL,
    sha256      BLOB NOT NULL,
    uploaded_at INTEGER NOT NULL,
    sent        INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE UNIQUE INDEX files_by_content ON files (sha256, uploader, name, mime_type);
CREATE INDEX files_unsent ON files (uploaded_at) WHERE sent = 0;

ALTER TABLE messages ADD COLUMN file INTEGER REFERENCES files (key);
CREATE INDEX messages_by_file ON messages (file, room) WHERE file IS NOT NULL;

-- A revoked account is a deleted row.
CREATE TABLE service_accounts (
    name         TEXT PRIMARY KEY,
    token_hash   BLOB NOT NULL UNIQUE, -- SHA-256 of the token, which is stored nowhere
    scopes       TEXT NOT NULL, -- separated by spaces
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
