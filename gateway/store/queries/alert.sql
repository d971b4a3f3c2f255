-- name: alert_event_insert
INSERT INTO alert_event (id, created_at_ms, routed_at_ms, document, type, severity, team_id)
VALUES ($id, $created_at_ms, NULL, $document, $type, $severity, $team_id)
ON CONFLICT (id) DO NOTHING

-- name: alert_event_unrouted
SELECT document FROM alert_event WHERE routed_at_ms IS NULL ORDER BY created_at_ms, id LIMIT $limit

-- name: alert_event_routed
UPDATE alert_event SET routed_at_ms = $now_ms, decisions = $decisions WHERE id = $id AND routed_at_ms IS NULL

-- name: alert_delivery_insert
INSERT INTO alert_delivery (id, event_id, alert_route_id, subject, state, attempts, next_at_ms, status, created_at_ms, updated_at_ms)
VALUES ($id, $event_id, $alert_route_id, $subject, 'pending', 0, $due_ms, '', $now_ms, $now_ms)
ON CONFLICT (event_id, alert_route_id) DO NOTHING

-- name: alert_delivery_due_routes
SELECT DISTINCT alert_route_id FROM alert_delivery
WHERE state = 'pending' AND next_at_ms <= $now_ms AND leased_until_ms <= $now_ms
ORDER BY alert_route_id

-- Whoever claims from a destination holds its row, so that one claims at a time.
-- name: alert_destination_hold
INSERT INTO alert_destination (id, free_at_ms, failures, open_until_ms) VALUES ($id, 0, 0, 0)
ON CONFLICT (id) DO UPDATE SET id = excluded.id
RETURNING free_at_ms, open_until_ms

-- name: alert_destination_taken
UPDATE alert_destination SET free_at_ms = $free_at_ms WHERE id = $id

-- name: alert_destination_answers
UPDATE alert_destination SET failures = 0, open_until_ms = 0 WHERE id = $id AND failures > 0

-- name: alert_destination_fails
UPDATE alert_destination SET failures = failures + 1,
    open_until_ms = CASE WHEN failures + 1 >= $most THEN $open_until_ms ELSE open_until_ms END
WHERE id = $id

-- All that waits about a subject goes together, in order, once one of it is due and nobody has any of it. What was not due
-- keeps its time, and no attempt of it is counted. Where not all has room, what was refused and is not due stays behind.

-- name: alert_delivery_claim
UPDATE alert_delivery SET
    attempts = CASE WHEN next_at_ms <= $now_ms THEN attempts + 1 ELSE attempts END,
    next_at_ms = CASE WHEN next_at_ms <= $now_ms THEN $lease_until_ms ELSE next_at_ms END,
    leased_until_ms = $lease_until_ms, updated_at_ms = $now_ms
WHERE id IN (
  SELECT id FROM alert_delivery
  WHERE alert_route_id = $alert_route_id AND state = 'pending' AND subject IN (
    SELECT subject FROM alert_delivery
    WHERE alert_route_id = $alert_route_id AND state = 'pending'
    GROUP BY subject
    HAVING MIN(next_at_ms) <= $now_ms AND MAX(leased_until_ms) <= $now_ms
    ORDER BY MIN(created_at_ms), subject
    LIMIT $subjects
  )
  ORDER BY CASE WHEN refused > 0 AND next_at_ms > $now_ms THEN 1 ELSE 0 END, created_at_ms, id
  LIMIT $limit
)
RETURNING id

-- name: alert_delivery_sent
UPDATE alert_delivery SET state = 'sent', status = $status, updated_at_ms = $now_ms
WHERE id = $id AND state <> 'sent'

-- name: alert_delivery_failed
UPDATE alert_delivery SET next_at_ms = $next_at_ms, leased_until_ms = 0, status = $status, refused = refused + $refused, updated_at_ms = $now_ms
WHERE id = $id AND state = 'pending' AND attempts = $attempts

-- What waits behind a message that failed, and was more than its claim took, counts an attempt with it.

-- name: alert_delivery_held_attempts
SELECT COALESCE(MAX(d.attempts), 0) FROM alert_delivery d JOIN alert_event e ON e.id = d.event_id
WHERE d.alert_route_id = $alert_route_id AND d.subject = $subject AND d.state = 'pending'
  AND d.next_at_ms <= $now_ms AND d.leased_until_ms <= $now_ms
  AND (e.severity = $urgent_severity OR e.type = $urgent_type)

-- name: alert_delivery_hold
UPDATE alert_delivery SET attempts = attempts + 1, status = $status, updated_at_ms = $now_ms,
    next_at_ms = CASE WHEN event_id IN (
      SELECT id FROM alert_event WHERE severity = $urgent_severity OR type = $urgent_type
    ) THEN CAST($urgent_ms AS BIGINT) ELSE CAST($other_ms AS BIGINT) END
WHERE alert_route_id = $alert_route_id AND subject = $subject AND state = 'pending'
  AND next_at_ms <= $now_ms AND leased_until_ms <= $now_ms

-- name: alert_delivery_dead
UPDATE alert_delivery SET state = 'dead', status = $status, refused = refused + $refused, updated_at_ms = $now_ms
WHERE id = $id AND state = 'pending' AND attempts = $attempts

-- name: alert_delivery_give_up
UPDATE alert_delivery SET state = 'dead', status = $status, updated_at_ms = $now_ms
WHERE alert_route_id = $alert_route_id AND state = 'pending'

-- name: alert_delivery_replay
UPDATE alert_delivery SET state = 'pending', attempts = 0, refused = 0, next_at_ms = $now_ms, leased_until_ms = 0, updated_at_ms = $now_ms
WHERE state = 'dead'
  AND id IN ($ids) -- if ids
  AND alert_route_id = $alert_route_id -- if alert_route_id
RETURNING id

-- name: alert_delivery_list
SELECT alert_delivery.id, alert_route_id, state, attempts, refused, next_at_ms, status,
    alert_delivery.created_at_ms, updated_at_ms, document
FROM alert_delivery JOIN alert_event ON alert_event.id = event_id
WHERE 1 = 1
  AND alert_delivery.id IN ($ids) -- if ids
  AND alert_route_id = $alert_route_id -- if alert_route_id
  AND event_id = $event_id -- if event_id
  AND state = $state -- if state
ORDER BY
  alert_delivery.created_at_ms, alert_delivery.id -- if oldest_first
  alert_delivery.created_at_ms DESC, alert_delivery.id DESC -- if newest_first
LIMIT $limit OFFSET $offset

-- name: alert_delivery_count
SELECT COUNT(*)
FROM alert_delivery
WHERE 1 = 1
  AND alert_route_id = $alert_route_id -- if alert_route_id
  AND event_id = $event_id -- if event_id
  AND state = $state -- if state

-- name: alert_thread_get
SELECT thread FROM alert_thread WHERE alert_route_id = $alert_route_id AND subject = $subject

-- name: alert_thread_insert
INSERT INTO alert_thread (alert_route_id, subject, thread, created_at_ms)
VALUES ($alert_route_id, $subject, $thread, $now_ms)
ON CONFLICT (alert_route_id, subject) DO NOTHING

-- name: alert_event_list
SELECT document, decisions, acked_at_ms, acked_by
FROM alert_event
WHERE 1 = 1
  AND id = $id -- if id
  AND type = $type -- if type
  AND severity = $severity -- if severity
  AND team_id = $team_id -- if team_id
ORDER BY created_at_ms DESC, id DESC
LIMIT $limit OFFSET $offset

-- name: alert_event_count
SELECT COUNT(*)
FROM alert_event
WHERE 1 = 1
  AND id = $id -- if id
  AND type = $type -- if type
  AND severity = $severity -- if severity
  AND team_id = $team_id -- if team_id

-- name: alert_event_ack
UPDATE alert_event SET acked_at_ms = $now_ms, acked_by = $acked_by WHERE id = $id AND acked_at_ms IS NULL

-- name: alert_standing
SELECT alert_incident.document, alert_delivery.alert_route_id, alert_event.acked_at_ms
FROM alert_incident
JOIN alert_event ON alert_event.id = alert_incident.event_id
JOIN alert_delivery ON alert_delivery.event_id = alert_incident.event_id
WHERE alert_delivery.alert_route_id IN ($ids) AND alert_delivery.state = 'sent'
ORDER BY alert_incident.scope, alert_delivery.alert_route_id

-- name: alert_silence_insert
INSERT INTO alert_silence (id, team_id, event, until_ms, reason, created_by, created_at_ms)
VALUES ($id, $team_id, $event, $until_ms, $reason, $created_by, $now_ms)

-- name: alert_silence_end
DELETE FROM alert_silence WHERE id = $id

-- name: alert_silence_list
SELECT id, team_id, event, until_ms, reason, created_by, created_at_ms
FROM alert_silence
WHERE until_ms > $now_ms
ORDER BY until_ms, id
