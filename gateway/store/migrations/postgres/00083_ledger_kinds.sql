-- +goose NO TRANSACTION
-- +goose Up
-- Conditions on a model and on a cost or a kind of row are counted in an index alone, too, and so are a kind and a team, a key or a
-- user, and a user in one team of several: of those that are both frequent, PostgreSQL would read a quarter of a million rows to find ten thousand.
-- The indexes are made while rows are written, and the old ones are there until then. What an attempt that was cut off has left
-- is no index that can be used: it goes first.
DROP INDEX CONCURRENTLY IF EXISTS ledger_model_covering;
CREATE INDEX CONCURRENTLY ledger_model_covering ON ledger (model, admitted_at_ms, cost_nano, kind);
DROP INDEX CONCURRENTLY IF EXISTS ledger_team_covering;
CREATE INDEX CONCURRENTLY ledger_team_covering ON ledger (team_id, admitted_at_ms, model, cost_nano, kind);
DROP INDEX CONCURRENTLY IF EXISTS ledger_key_covering;
CREATE INDEX CONCURRENTLY ledger_key_covering ON ledger (key_id, admitted_at_ms, model, cost_nano, kind);
DROP INDEX CONCURRENTLY IF EXISTS ledger_user_covering;
CREATE INDEX CONCURRENTLY ledger_user_covering ON ledger (user_id, admitted_at_ms, model, cost_nano, kind, team_id);
DROP INDEX CONCURRENTLY IF EXISTS ledger_model;
DROP INDEX CONCURRENTLY IF EXISTS ledger_team;
DROP INDEX CONCURRENTLY IF EXISTS ledger_key;
DROP INDEX CONCURRENTLY IF EXISTS ledger_user;
-- They are called as on SQLite.
ALTER INDEX ledger_model_covering RENAME TO ledger_model;
ALTER INDEX ledger_team_covering RENAME TO ledger_team;
ALTER INDEX ledger_key_covering RENAME TO ledger_key;
ALTER INDEX ledger_user_covering RENAME TO ledger_user;
