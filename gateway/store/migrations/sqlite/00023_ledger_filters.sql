-- +goose Up

-- Rows of one model, end user or unusual kind, newest first, are found among millions without passing over all.
CREATE INDEX ledger_model ON ledger (model, admitted_at_ms);
CREATE INDEX ledger_end_user ON ledger (end_user, admitted_at_ms) WHERE end_user <> '';
CREATE INDEX ledger_kind ON ledger (kind, admitted_at_ms) WHERE kind <> 'settle';
