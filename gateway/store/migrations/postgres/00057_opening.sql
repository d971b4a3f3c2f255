-- +goose Up
-- Which opening balance a row belongs to: what another gateway had spent before this one took over. '' for resets.
ALTER TABLE adjustment ADD COLUMN opening_id TEXT COLLATE "C" NOT NULL DEFAULT '';
