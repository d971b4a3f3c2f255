-- +goose Up
-- What events are found by, and which routes took one or left it, and why.
ALTER TABLE alert_event ADD COLUMN type TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE alert_event ADD COLUMN severity TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_event ADD COLUMN team_id TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE alert_event ADD COLUMN decisions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE alert_event ADD COLUMN acked_at_ms BIGINT; -- NULL: nobody has said that they look into it
ALTER TABLE alert_event ADD COLUMN acked_by TEXT NOT NULL DEFAULT '';
UPDATE alert_event SET type = document ->> 'type', severity = document ->> 'severity', team_id = COALESCE(document ->> 'team_id', '');
CREATE INDEX alert_event_created ON alert_event (created_at_ms, id);
CREATE INDEX alert_event_team ON alert_event (team_id, created_at_ms);
CREATE INDEX alert_event_type ON alert_event (type, created_at_ms);

-- Messages about one subject go to a route in order, and in one when they wait together.
ALTER TABLE alert_delivery ADD COLUMN subject TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE alert_delivery ADD COLUMN leased_until_ms BIGINT NOT NULL DEFAULT 0;

-- What people were told of a budget and that still holds: the highest threshold, one row for each counter.
CREATE TABLE alert_incident (
    scope         TEXT COLLATE "C" PRIMARY KEY,
    budget_id     TEXT COLLATE "C" NOT NULL, -- whose terms it has; '' is its own
    event_id      TEXT COLLATE "C" NOT NULL,
    threshold     DOUBLE PRECISION NOT NULL,
    since_ms      BIGINT NOT NULL, -- start of the period
    period_end_ms BIGINT, -- NULL: it never ends by itself
    document      JSON NOT NULL -- the event
);
CREATE INDEX alert_incident_end ON alert_incident (period_end_ms) WHERE period_end_ms IS NOT NULL;
CREATE INDEX alert_incident_budget ON alert_incident (budget_id) WHERE budget_id <> '';

CREATE TABLE alert_silence (
    id            TEXT COLLATE "C" PRIMARY KEY,
    team_id       TEXT COLLATE "C" NOT NULL, -- '' is every team
    event         TEXT COLLATE "C" NOT NULL, -- '' is every event
    until_ms      BIGINT NOT NULL,
    reason        TEXT NOT NULL,
    created_by    TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- How often a receiver may be sent to, and how long one that fails is left alone, over all gateways.
CREATE TABLE alert_destination (
    id            TEXT COLLATE "C" PRIMARY KEY,
    free_at_ms    BIGINT NOT NULL,
    failures      BIGINT NOT NULL, -- since the last success
    open_until_ms BIGINT NOT NULL
);

-- For which end people were told that a key expires; NULL: for none.
ALTER TABLE key ADD COLUMN expiry_told_ms BIGINT;
