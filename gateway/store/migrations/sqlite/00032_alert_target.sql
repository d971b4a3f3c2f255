-- +goose Up
-- A route sends to one target of some kind, no longer to webhooks only. The target is sealed: it holds secrets.
ALTER TABLE alert_route RENAME COLUMN webhook TO target;
ALTER TABLE alert_route ADD COLUMN target_kind TEXT NOT NULL DEFAULT 'webhook';

-- Where the messages about one subject stand together, for targets that have threads.
CREATE TABLE alert_thread (
    alert_route_id TEXT NOT NULL,
    subject        TEXT NOT NULL,
    thread         TEXT NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (alert_route_id, subject)
);
