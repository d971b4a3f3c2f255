-- +goose Up
-- The dearest and the cheapest calls are found among millions without passing over all.
CREATE INDEX ledger_cost ON ledger (cost_nano, admitted_at_ms);
