-- +goose Up
-- Two conditions that are both frequent, such as a large team and its model, are counted and passed over in an index alone.
DROP INDEX ledger_admitted;
DROP INDEX ledger_team;
DROP INDEX ledger_key;
DROP INDEX ledger_user;
CREATE INDEX ledger_admitted ON ledger (admitted_at_ms, kind);
CREATE INDEX ledger_team ON ledger (team_id, admitted_at_ms, model, cost_nano);
CREATE INDEX ledger_key ON ledger (key_id, admitted_at_ms, model, cost_nano);
CREATE INDEX ledger_user ON ledger (user_id, admitted_at_ms, model, cost_nano);
