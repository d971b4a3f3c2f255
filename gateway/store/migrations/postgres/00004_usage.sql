-- +goose Up

-- The ledger gets a number for each row, for whoever reads it on and on, and what a caller says a request
-- was for. Numbers are drawn before commits, so a reader has to know which writers are still under way: they
-- hold a lock together, which nobody takes alone, and which can be seen in pg_locks.
ALTER TABLE ledger ADD COLUMN seq BIGINT GENERATED ALWAYS AS IDENTITY;
ALTER TABLE ledger ADD COLUMN end_user TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN tags JSON NOT NULL DEFAULT '[]'; -- a list of strings
CREATE UNIQUE INDEX ledger_seq ON ledger (seq);
-- +goose StatementBegin
CREATE FUNCTION hold_ledger_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1112887891);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ledger_open BEFORE INSERT ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION hold_ledger_open();

-- Sums as in usage_daily, for each tag and each end user apart. A request with two tags counts under both.
CREATE TABLE usage_daily_label (
    day               TEXT COLLATE "C" NOT NULL, -- 2006-01-02
    kind              TEXT COLLATE "C" NOT NULL, -- tag, end_user
    label             TEXT COLLATE "C" NOT NULL,
    team_id           TEXT COLLATE "C" NOT NULL,
    key_id            TEXT COLLATE "C" NOT NULL,
    user_id           TEXT COLLATE "C" NOT NULL,
    model             TEXT COLLATE "C" NOT NULL,
    requests          BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cost_nano         BIGINT NOT NULL,
    PRIMARY KEY (kind, day, label, team_id, key_id, user_id, model)
);
CREATE INDEX usage_daily_label_label ON usage_daily_label (kind, label, day);
CREATE INDEX usage_daily_label_team ON usage_daily_label (team_id, kind, day);

-- The program that made the change, as it names itself. Rows without one are hashed as before.
ALTER TABLE audit ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';

-- Which changes concern which team, to find them by: the team's own, its keys', and those of budgets and
-- alert routes that name it. It only repeats what the audit log says.
CREATE TABLE audit_team (
    team_id TEXT COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL,
    PRIMARY KEY (team_id, seq)
);

-- How far each receiver of ledger rows has got, and which gateway sends to it until when.
CREATE TABLE ledger_export (
    name           TEXT COLLATE "C" PRIMARY KEY,
    sent_seq       BIGINT NOT NULL, -- of the last row that has arrived
    holder         TEXT COLLATE "C" NOT NULL,
    lease_until_ms BIGINT NOT NULL,
    updated_at_ms  BIGINT NOT NULL
);
