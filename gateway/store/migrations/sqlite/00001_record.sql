-- +goose Up

-- What may not change once the database has been used, such as which secret key it belongs to.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE budget (
    id            TEXT PRIMARY KEY,
    pot           BIGINT NOT NULL, -- 1: has a scope, 0: plain terms
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX budget_created ON budget (created_at_ms, id);
CREATE INDEX budget_updated ON budget (updated_at_ms, id);

CREATE TABLE team (
    id            TEXT PRIMARY KEY,
    alias_lower   TEXT NOT NULL, -- in lower case, '' without one; to search and sort by
    budget_id     TEXT REFERENCES budget (id),
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX team_alias ON team (alias_lower, id);
CREATE INDEX team_budget ON team (budget_id);
CREATE INDEX team_created ON team (created_at_ms, id);
CREATE INDEX team_updated ON team (updated_at_ms, id);

CREATE TABLE key (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL, -- the masked secret
    alias         TEXT UNIQUE,
    alias_lower   TEXT NOT NULL,
    team_id       TEXT REFERENCES team (id),
    user_id       TEXT,
    budget_id     TEXT REFERENCES budget (id),
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL
);
CREATE INDEX key_alias ON key (alias_lower, id);
CREATE INDEX key_team ON key (team_id, created_at_ms, id);
CREATE INDEX key_user ON key (user_id, created_at_ms, id);
CREATE INDEX key_budget ON key (budget_id);
CREATE INDEX key_created ON key (created_at_ms, id);
CREATE INDEX key_updated ON key (updated_at_ms, id);

-- The keyed hashes of secrets that open a key. valid_until_ms is set once a newer one has taken over.
CREATE TABLE key_secret (
    hash           BLOB PRIMARY KEY,
    key_id         TEXT NOT NULL REFERENCES key (id),
    created_at_ms  BIGINT NOT NULL,
    valid_until_ms BIGINT
);
CREATE INDEX key_secret_key ON key_secret (key_id);
CREATE INDEX key_secret_ending ON key_secret (valid_until_ms) WHERE valid_until_ms IS NOT NULL;

CREATE TABLE alert_route (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    name_lower    TEXT NOT NULL,
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      TEXT NOT NULL,
    webhook       BLOB NOT NULL -- sealed: address and secret
);
CREATE INDEX alert_route_name ON alert_route (name_lower, id);
CREATE INDEX alert_route_created ON alert_route (created_at_ms, id);
CREATE INDEX alert_route_updated ON alert_route (updated_at_ms, id);

-- Answers of creates that carried an Idempotency-Key.
CREATE TABLE once (
    key           TEXT PRIMARY KEY,
    fingerprint   BLOB NOT NULL,
    answer        BLOB NOT NULL, -- sealed: it may carry a secret
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX once_expires ON once (expires_at_ms);

-- One row for each change, chained by hash. The head row is locked by whoever writes.
CREATE TABLE audit (
    seq        BIGINT PRIMARY KEY,
    at_ms      BIGINT NOT NULL,
    actor      TEXT NOT NULL,
    address    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    request_id TEXT NOT NULL,
    action     TEXT NOT NULL,
    object_id  TEXT NOT NULL,
    before     TEXT,
    after      TEXT,
    prev_hash  BLOB NOT NULL,
    hash       BLOB NOT NULL
);
CREATE INDEX audit_object ON audit (object_id, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_at ON audit (at_ms);
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash BLOB NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, zeroblob(32));

CREATE TABLE ledger (
    id                TEXT PRIMARY KEY,
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
    price_version     TEXT NOT NULL
);
CREATE INDEX ledger_admitted ON ledger (admitted_at_ms);
CREATE INDEX ledger_team ON ledger (team_id, admitted_at_ms);
CREATE INDEX ledger_key ON ledger (key_id, admitted_at_ms);
CREATE INDEX ledger_request ON ledger (request_id);

-- Sums over the ledger by UTC day of admission, written in the transaction of the rows.
CREATE TABLE usage_daily (
    day               TEXT NOT NULL, -- 2006-01-02
    team_id           TEXT NOT NULL,
    key_id            TEXT NOT NULL,
    user_id           TEXT NOT NULL,
    model             TEXT NOT NULL,
    requests          BIGINT NOT NULL,
    prompt_tokens     BIGINT NOT NULL,
    cached_tokens     BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cost_nano         BIGINT NOT NULL,
    PRIMARY KEY (day, team_id, key_id, user_id, model)
);
CREATE INDEX usage_daily_team ON usage_daily (team_id, day);
CREATE INDEX usage_daily_key ON usage_daily (key_id, day);

CREATE TABLE alert_event (
    id            TEXT PRIMARY KEY,
    created_at_ms BIGINT NOT NULL,
    routed_at_ms  BIGINT, -- NULL: nobody has looked yet where it goes
    document      TEXT NOT NULL
);
CREATE INDEX alert_event_unrouted ON alert_event (created_at_ms, id) WHERE routed_at_ms IS NULL;

CREATE TABLE alert_delivery (
    id             TEXT PRIMARY KEY,
    event_id       TEXT NOT NULL REFERENCES alert_event (id),
    alert_route_id TEXT NOT NULL, -- the route may be gone
    state          TEXT NOT NULL,
    attempts       BIGINT NOT NULL,
    next_at_ms     BIGINT NOT NULL, -- when it may be claimed: the next try, or the end of the claim under way
    status         TEXT NOT NULL,
    created_at_ms  BIGINT NOT NULL,
    updated_at_ms  BIGINT NOT NULL,
    UNIQUE (event_id, alert_route_id)
);
CREATE INDEX alert_delivery_due ON alert_delivery (alert_route_id, next_at_ms) WHERE state = 'pending';
CREATE INDEX alert_delivery_route ON alert_delivery (alert_route_id, created_at_ms);
CREATE INDEX alert_delivery_created ON alert_delivery (created_at_ms);

-- Ledger and audit are only ever added to.
-- +goose StatementBegin
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
