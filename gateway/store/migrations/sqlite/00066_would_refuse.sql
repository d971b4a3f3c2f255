-- +goose Up
-- Calls that a limit would have refused, were it not only watched; they were served.
ALTER TABLE limit_minute ADD COLUMN would_refuse BIGINT NOT NULL DEFAULT 0;
