-- +goose Up
-- On which days a team is meant to spend more than usual.
CREATE TABLE planned_spend (
    team_id  TEXT NOT NULL,
    from_day TEXT NOT NULL, -- 2006-01-02
    to_day   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    actor    TEXT NOT NULL,
    at_ms    BIGINT NOT NULL,
    PRIMARY KEY (team_id, from_day, to_day)
);
