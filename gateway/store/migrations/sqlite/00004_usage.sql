-- +goose Up

-- The ledger gets a number for each row, in the order of commits, for whoever reads it on and on, and what
-- a caller says a request was for. SQLite gives a table such a number only when it is made.
CREATE TABLE ledger_numbered (
    seq               INTEGER PRIMARY KEY AUTOINCREMENT,
    id                TEXT NOT NULL UNIQUE,
    kind              TEXT NOT NULL,
    admitted_at_ms    BIGINT NOT NULL,
    settled_at_ms     BIGINT NOT NULL,
    request_id        TEXT NOT NULL,
    team_id           TEXT NOT NULL,
    key_id            TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    model             TEXT NOT NULL,
    upstream          TEXT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cost_nano         BIGINT NOT NULL, -- 10^-9 USD
    price_version     TEXT NOT NULL,
    end_user          TEXT NOT NULL DEFAULT '',
    tags              TEXT NOT NULL DEFAULT '[]' -- a JSON list of strings
);
INSERT INTO ledger_numbered (id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model,
    upstream, prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version)
SELECT id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model,
    upstream, prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version
FROM ledger ORDER BY rowid;
DROP TABLE ledger;
ALTER TABLE ledger_numbered RENAME TO ledger;
CREATE INDEX ledger_admitted ON ledger (admitted_at_ms);
CREATE INDEX ledger_team ON ledger (team_id, admitted_at_ms);
CREATE INDEX ledger_key ON ledger (key_id, admitted_at_ms);
CREATE INDEX ledger_request ON ledger (request_id);
CREATE INDEX ledger_user ON ledger (user_id, admitted_at_ms);
-- +goose StatementBegin
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd

-- Sums as in usage_daily, for each tag and each end user apart. A request with two tags counts under both.
CREATE TABLE usage_daily_label (
    day               TEXT NOT NULL, -- 2006-01-02
    kind              TEXT NOT NULL, -- tag, end_user
    label             TEXT NOT NULL,
    team_id           TEXT NOT NULL,
    key_id            TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    model             TEXT NOT NULL,
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
    team_id TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    PRIMARY KEY (team_id, seq)
);

-- How far each receiver of ledger rows has got, and which gateway sends to it until when.
CREATE TABLE ledger_export (
    name           TEXT PRIMARY KEY,
    sent_seq       BIGINT NOT NULL, -- of the last row that has arrived
    holder         TEXT NOT NULL,
    lease_until_ms BIGINT NOT NULL,
    updated_at_ms  BIGINT NOT NULL
);
