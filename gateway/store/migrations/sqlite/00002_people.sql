-- +goose Up

CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    alias_lower   TEXT NOT NULL, -- in lower case, '' without one; to search and sort by
    email_lower   TEXT UNIQUE, -- in lower case, NULL without one
    email         TEXT, -- as it was written
    role          TEXT NOT NULL, -- '' without one
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX users_alias ON users (alias_lower, id);
CREATE INDEX users_created ON users (created_at_ms, id);
CREATE INDEX users_updated ON users (updated_at_ms, id);

-- A user's place in a team. The id is both, with # between them, which stands in no id.
CREATE TABLE member (
    id            TEXT PRIMARY KEY,
    team_id       TEXT NOT NULL REFERENCES team (id),
    user_id       TEXT NOT NULL REFERENCES users (id),
    place         BIGINT NOT NULL, -- among those who were added together
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX member_team ON member (team_id, created_at_ms, place, id);
CREATE INDEX member_user ON member (user_id, team_id);

-- Keys of the admin API beside the one that the gateway is started with.
CREATE TABLE admin_key (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL, -- the masked secret
    hash          BLOB NOT NULL UNIQUE, -- the keyed hash of the secret
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX admin_key_created ON admin_key (created_at_ms, id);

-- What a user has spent is summed when a counter has to be filled.
CREATE INDEX ledger_user ON ledger (user_id, admitted_at_ms);
CREATE INDEX usage_daily_user ON usage_daily (user_id, day);
