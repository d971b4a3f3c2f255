-- +goose Up
-- What administrators have changed of a budget's spend. It counts for that budget's scope alone, and is never rewritten.
CREATE TABLE adjustment (
    id        TEXT PRIMARY KEY,
    scope     TEXT NOT NULL, -- team:ID, key:ID, budget:ID
    at_ms     BIGINT NOT NULL, -- decides the period
    cost_nano BIGINT NOT NULL -- 10^-9 USD, added to the spend
);
CREATE INDEX adjustment_scope ON adjustment (scope, at_ms);
-- +goose StatementBegin
CREATE TRIGGER adjustment_no_update BEFORE UPDATE ON adjustment
BEGIN SELECT RAISE(ABORT, 'adjustments are append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER adjustment_no_delete BEFORE DELETE ON adjustment
BEGIN SELECT RAISE(ABORT, 'adjustments are append-only'); END;
-- +goose StatementEnd
