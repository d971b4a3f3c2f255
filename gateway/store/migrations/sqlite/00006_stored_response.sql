-- +goose Up
-- Whose the responses are that providers keep, so that nobody else can read or continue them.
CREATE TABLE stored_response (
    id            TEXT PRIMARY KEY,
    team_id       TEXT NOT NULL, -- '' for a key without a team
    key_id        TEXT NOT NULL,
    model         TEXT NOT NULL,
    deployment    TEXT NOT NULL,
    tokens        BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX stored_response_created ON stored_response (created_at_ms);
