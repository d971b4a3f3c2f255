-- name: ledger_horizon_get
SELECT before_ms FROM ledger_horizon

-- name: ledger_horizon_move
UPDATE ledger_horizon SET before_ms = $before_ms WHERE before_ms < $before_ms

-- name: ledger_hold_open
-- Holds what every insert into the ledger holds until the transaction ends; see ledger_writers.
SELECT '' -- sqlite only
SELECT CAST(pg_advisory_xact_lock_shared(1112887891) AS TEXT) -- postgres only

-- name: ledger_oldest
SELECT admitted_at_ms FROM ledger ORDER BY admitted_at_ms LIMIT 1

-- name: ledger_unsent
-- When the first row was admitted that a receiver does not have yet.
SELECT admitted_at_ms FROM ledger
WHERE seq > COALESCE((SELECT sent_seq FROM ledger_export WHERE name = $name), 0)
ORDER BY seq LIMIT 1

-- PostgreSQL gets a list that it reads once: with IN it reads the rows again for each row of a table that its statistics
-- take for empty, which took minutes for 500 rows of a million.
-- name: ledger_delete
DELETE FROM ledger WHERE seq IN ( -- sqlite only
DELETE FROM ledger WHERE seq = ANY (ARRAY( -- postgres only
  SELECT seq FROM ledger WHERE admitted_at_ms < $before_ms ORDER BY admitted_at_ms LIMIT $limit
) -- sqlite only
)) -- postgres only

-- name: ledger_count_before
SELECT COUNT(*) FROM ledger WHERE admitted_at_ms < $before_ms

-- Alerts that nobody waits for: told to all who were to be told, and of nothing that still holds.
-- lines: alert_old
FROM alert_event
WHERE created_at_ms < $before_ms AND routed_at_ms IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM alert_delivery WHERE event_id = alert_event.id AND state = 'pending')
  AND NOT EXISTS (SELECT 1 FROM alert_incident WHERE event_id = alert_event.id)

-- name: alert_old_ids
SELECT id
-- use alert_old
ORDER BY created_at_ms, id LIMIT $limit

-- name: alert_old_count
SELECT COUNT(*), COALESCE(MIN(created_at_ms), 0)
-- use alert_old

-- name: alert_delivery_delete_many
DELETE FROM alert_delivery WHERE event_id IN ($ids)

-- name: alert_event_delete_many
DELETE FROM alert_event WHERE id IN ($ids)

-- name: budget_durations
SELECT document ->> 'budget_duration' FROM budget WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM team WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM key WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM member WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM users WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'team_member_budget_duration' FROM team WHERE document ->> 'team_member_budget_duration' IS NOT NULL
