-- +goose Up

-- What may not change once the database has been used, such as which secret key it belongs to.
CREATE TABLE setting (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE budget (
    id            TEXT COLLATE "C" PRIMARY KEY,
    pot           BIGINT NOT NULL, -- 1: has a scope, 0: plain terms
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      JSON NOT NULL
);
CREATE INDEX budget_created ON budget (created_at_ms, id);
CREATE INDEX budget_updated ON budget (updated_at_ms, id);

CREATE TABLE team (
    id            TEXT COLLATE "C" PRIMARY KEY,
    alias_lower   TEXT COLLATE "C" NOT NULL, -- in lower case, '' without one; to search and sort by
    budget_id     TEXT COLLATE "C" REFERENCES budget (id),
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      JSON NOT NULL
);
CREATE INDEX team_alias ON team (alias_lower, id);
CREATE INDEX team_budget ON team (budget_id);
CREATE INDEX team_created ON team (created_at_ms, id);
CREATE INDEX team_updated ON team (updated_at_ms, id);

CREATE TABLE key (
    id            TEXT COLLATE "C" PRIMARY KEY,
    name          TEXT COLLATE "C" NOT NULL, -- the masked secret
    alias         TEXT COLLATE "C" UNIQUE,
    alias_lower   TEXT COLLATE "C" NOT NULL,
    team_id       TEXT COLLATE "C" REFERENCES team (id),
    user_id       TEXT COLLATE "C",
    budget_id     TEXT COLLATE "C" REFERENCES budget (id),
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      JSON NOT NULL
);
CREATE INDEX key_alias ON key (alias_lower, id);
CREATE INDEX key_team ON key (team_id, created_at_ms, id);
CREATE INDEX key_user ON key (user_id, created_at_ms, id);
CREATE INDEX key_budget ON key (budget_id);
CREATE INDEX key_created ON key (created_at_ms, id);
CREATE INDEX key_updated ON key (updated_at_ms, id);

-- The keyed hashes of secrets that open a key. valid_until_ms is set once a newer one has taken over.
CREATE TABLE key_secret (
    hash           BYTEA PRIMARY KEY,
    key_id         TEXT COLLATE "C" NOT NULL REFERENCES key (id),
    created_at_ms  BIGINT NOT NULL,
    valid_until_ms BIGINT
);
CREATE INDEX key_secret_key ON key_secret (key_id);
CREATE INDEX key_secret_ending ON key_secret (valid_until_ms) WHERE valid_until_ms IS NOT NULL;

CREATE TABLE alert_route (
    id            TEXT COLLATE "C" PRIMARY KEY,
    name          TEXT COLLATE "C" NOT NULL UNIQUE,
    name_lower    TEXT COLLATE "C" NOT NULL,
    declared_in   TEXT NOT NULL,
    revision      BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    created_by    TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL,
    updated_by    TEXT NOT NULL,
    document      JSON NOT NULL,
    webhook       BYTEA NOT NULL -- sealed: address and secret
);
CREATE INDEX alert_route_name ON alert_route (name_lower, id);
CREATE INDEX alert_route_created ON alert_route (created_at_ms, id);
CREATE INDEX alert_route_updated ON alert_route (updated_at_ms, id);

-- Answers of creates that carried an Idempotency-Key.
CREATE TABLE once (
    key           TEXT COLLATE "C" PRIMARY KEY,
    fingerprint   BYTEA NOT NULL,
    answer        BYTEA NOT NULL, -- sealed: it may carry a secret
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
    prev_hash  BYTEA NOT NULL,
    hash       BYTEA NOT NULL
);
CREATE INDEX audit_object ON audit (object_id, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_at ON audit (at_ms);
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash BYTEA NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE TABLE ledger (
    id                TEXT COLLATE "C" PRIMARY KEY,
    kind              TEXT NOT NULL,
    admitted_at_ms    BIGINT NOT NULL,
    settled_at_ms     BIGINT NOT NULL,
    request_id        TEXT NOT NULL,
    team_id           TEXT COLLATE "C" NOT NULL,
    key_id            TEXT COLLATE "C" NOT NULL,
    user_id           TEXT COLLATE "C" NOT NULL,
    model             TEXT COLLATE "C" NOT NULL,
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
    day               TEXT COLLATE "C" NOT NULL, -- 2006-01-02
    team_id           TEXT COLLATE "C" NOT NULL,
    key_id            TEXT COLLATE "C" NOT NULL,
    user_id           TEXT COLLATE "C" NOT NULL,
    model             TEXT COLLATE "C" NOT NULL,
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
    id            TEXT COLLATE "C" PRIMARY KEY,
    created_at_ms BIGINT NOT NULL,
    routed_at_ms  BIGINT, -- NULL: nobody has looked yet where it goes
    document      JSON NOT NULL
);
CREATE INDEX alert_event_unrouted ON alert_event (created_at_ms, id) WHERE routed_at_ms IS NULL;

CREATE TABLE alert_delivery (
    id             TEXT COLLATE "C" PRIMARY KEY,
    event_id       TEXT COLLATE "C" NOT NULL REFERENCES alert_event (id),
    alert_route_id TEXT COLLATE "C" NOT NULL, -- the route may be gone
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
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the % table is append-only', TG_TABLE_NAME;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
