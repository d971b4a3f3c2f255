-- +goose Up
-- Who is signed in to the console. A session ends when its row is gone, whatever its cookie says.
CREATE TABLE console_session (
    id         TEXT PRIMARY KEY, -- a digest of what the cookie holds
    credential TEXT NOT NULL,    -- kind and id of what was signed in with
    made_at_ms BIGINT NOT NULL,
    seen_at_ms BIGINT NOT NULL
);
CREATE INDEX console_session_credential ON console_session (credential);
CREATE INDEX console_session_seen ON console_session (seen_at_ms);
