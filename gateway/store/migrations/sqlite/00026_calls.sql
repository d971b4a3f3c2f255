-- +goose Up
-- How many calls a row stands for: calls that never reached a provider are summed.
ALTER TABLE ledger ADD COLUMN calls BIGINT NOT NULL DEFAULT 1;
