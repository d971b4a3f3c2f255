-- +goose Up
-- Ledger rows that were admitted before the horizon may be deleted, and no others. The horizon only moves forward, never
-- to a time of the last 30 days, and cannot be taken away.
CREATE TABLE ledger_horizon (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    before_ms BIGINT NOT NULL
);
INSERT INTO ledger_horizon (id, before_ms) VALUES (1, 0);
-- +goose StatementBegin
CREATE FUNCTION move_horizon_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.before_ms < OLD.before_ms OR NEW.before_ms > (EXTRACT(EPOCH FROM clock_timestamp()) - 30 * 86400) * 1000 THEN
        RAISE EXCEPTION 'the horizon of the append-only ledger moves forward, to 30 days ago at most';
    END IF;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ledger_horizon_forward BEFORE UPDATE ON ledger_horizon
    FOR EACH ROW EXECUTE FUNCTION move_horizon_forward();
CREATE TRIGGER ledger_horizon_stays BEFORE INSERT OR DELETE ON ledger_horizon
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER ledger_horizon_no_truncate BEFORE TRUNCATE ON ledger_horizon
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- +goose StatementBegin
CREATE FUNCTION refuse_deleting_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM gone WHERE admitted_at_ms >= COALESCE((SELECT before_ms FROM ledger_horizon), 0)) THEN
        RAISE EXCEPTION 'the % table is append-only', TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
DROP TRIGGER ledger_append_only ON ledger;
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER ledger_no_delete AFTER DELETE ON ledger
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION refuse_deleting_kept();
