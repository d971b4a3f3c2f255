-- +goose Up
-- Conditions on a model and on a cost or a kind of row are counted in an index alone, too, and so are a kind and a team, a key or a
-- user, and a user in one team of several.
DROP INDEX ledger_model;
DROP INDEX ledger_team;
DROP INDEX ledger_key;
DROP INDEX ledger_user;
CREATE INDEX ledger_model ON ledger (model, admitted_at_ms, cost_nano, kind);
CREATE INDEX ledger_team ON ledger (team_id, admitted_at_ms, model, cost_nano, kind);
CREATE INDEX ledger_key ON ledger (key_id, admitted_at_ms, model, cost_nano, kind);
CREATE INDEX ledger_user ON ledger (user_id, admitted_at_ms, model, cost_nano, kind, team_id);
