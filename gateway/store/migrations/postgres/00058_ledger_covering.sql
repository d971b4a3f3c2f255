-- +goose NO TRANSACTION
-- +goose Up
-- Two conditions that are both frequent, such as a large team and its model, are counted and passed over in an index alone.
-- The indexes are made while rows are written, and the old ones are there until then. What an attempt that was cut off has left
-- is no index that can be used: it goes first.
DROP INDEX CONCURRENTLY IF EXISTS ledger_admitted_kind;
CREATE INDEX CONCURRENTLY ledger_admitted_kind ON ledger (admitted_at_ms, kind);
DROP INDEX CONCURRENTLY IF EXISTS ledger_team_covering;
CREATE INDEX CONCURRENTLY ledger_team_covering ON ledger (team_id, admitted_at_ms, model, cost_nano);
DROP INDEX CONCURRENTLY IF EXISTS ledger_key_covering;
CREATE INDEX CONCURRENTLY ledger_key_covering ON ledger (key_id, admitted_at_ms, model, cost_nano);
DROP INDEX CONCURRENTLY IF EXISTS ledger_user_covering;
CREATE INDEX CONCURRENTLY ledger_user_covering ON ledger (user_id, admitted_at_ms, model, cost_nano);
DROP INDEX CONCURRENTLY IF EXISTS ledger_admitted;
DROP INDEX CONCURRENTLY IF EXISTS ledger_team;
DROP INDEX CONCURRENTLY IF EXISTS ledger_key;
DROP INDEX CONCURRENTLY IF EXISTS ledger_user;
-- They are called as on SQLite.
ALTER INDEX ledger_admitted_kind RENAME TO ledger_admitted;
ALTER INDEX ledger_team_covering RENAME TO ledger_team;
ALTER INDEX ledger_key_covering RENAME TO ledger_key;
ALTER INDEX ledger_user_covering RENAME TO ledger_user;
