-- +goose Up
-- Ledger rows that were admitted before the horizon may be deleted, and no others. The horizon only moves forward, never
-- to a time of the last 30 days, and cannot be taken away.
CREATE TABLE ledger_horizon (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    before_ms BIGINT NOT NULL
);
INSERT INTO ledger_horizon (id, before_ms) VALUES (1, 0);
-- +goose StatementBegin
CREATE TRIGGER ledger_horizon_no_insert BEFORE INSERT ON ledger_horizon
BEGIN SELECT RAISE(ABORT, 'the horizon of the append-only ledger is there'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_horizon_no_delete BEFORE DELETE ON ledger_horizon
BEGIN SELECT RAISE(ABORT, 'the horizon of the append-only ledger stays'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_horizon_forward BEFORE UPDATE ON ledger_horizon
WHEN NEW.before_ms < OLD.before_ms OR NEW.before_ms > (CAST(strftime('%s', 'now') AS INTEGER) - 30 * 86400) * 1000
BEGIN SELECT RAISE(ABORT, 'the horizon of the append-only ledger moves forward, to 30 days ago at most'); END;
-- +goose StatementEnd
DROP TRIGGER ledger_no_delete;
-- +goose StatementBegin
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
WHEN OLD.admitted_at_ms >= COALESCE((SELECT before_ms FROM ledger_horizon), 0)
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
