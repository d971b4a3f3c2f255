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

-- name: ledger_delete
DELETE FROM ledger WHERE seq IN (
  SELECT seq FROM ledger WHERE admitted_at_ms < $before_ms ORDER BY admitted_at_ms LIMIT $limit
)

-- name: budget_durations
SELECT document ->> 'budget_duration' FROM budget WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM team WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM key WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM member WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'budget_duration' FROM users WHERE document ->> 'budget_duration' IS NOT NULL
UNION SELECT document ->> 'team_member_budget_duration' FROM team WHERE document ->> 'team_member_budget_duration' IS NOT NULL
