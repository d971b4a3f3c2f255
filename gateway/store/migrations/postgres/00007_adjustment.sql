-- +goose Up
-- What administrators have changed of a budget's spend. It counts for that budget's scope alone, and is never rewritten.
CREATE TABLE adjustment (
    id        TEXT COLLATE "C" PRIMARY KEY,
    scope     TEXT COLLATE "C" NOT NULL, -- team:ID, key:ID, budget:ID
    at_ms     BIGINT NOT NULL, -- decides the period
    cost_nano BIGINT NOT NULL -- 10^-9 USD, added to the spend
);
CREATE INDEX adjustment_scope ON adjustment (scope, at_ms);
CREATE TRIGGER adjustment_append_only BEFORE UPDATE OR DELETE ON adjustment
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
