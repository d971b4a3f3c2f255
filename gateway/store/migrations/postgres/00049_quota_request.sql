-- +goose Up
-- What teams have asked for, and what became of it.
CREATE TABLE quota_request (
    id            TEXT PRIMARY KEY,
    team_id       TEXT NOT NULL, -- the team may be gone
    state         TEXT NOT NULL,
    declared_in   TEXT NOT NULL, -- '': as every object has it
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX quota_request_created ON quota_request (created_at_ms, id);
CREATE INDEX quota_request_team ON quota_request (team_id, created_at_ms, id);
CREATE INDEX quota_request_state ON quota_request (state, created_at_ms, id);
