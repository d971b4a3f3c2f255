-- +goose Up
-- How often the thresholds of a budget were armed: by a change of its cap, or by a reset of its spend.
CREATE TABLE armed (
    scope      TEXT PRIMARY KEY, -- team:ID, key:ID, budget:ID, user:ID, member:TEAM#USER, members:TEAM
    generation BIGINT NOT NULL
);
