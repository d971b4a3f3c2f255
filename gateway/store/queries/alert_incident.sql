-- name: alert_incident_put
INSERT INTO alert_incident (scope, budget_id, event_id, threshold, since_ms, period_end_ms, document)
VALUES ($scope, $budget_id, $event_id, $threshold, $since_ms, $period_end_ms, $document)
ON CONFLICT (scope) DO UPDATE SET
    budget_id = excluded.budget_id, event_id = excluded.event_id, threshold = excluded.threshold, since_ms = excluded.since_ms,
    period_end_ms = excluded.period_end_ms, document = excluded.document
WHERE excluded.since_ms > alert_incident.since_ms
   OR excluded.since_ms = alert_incident.since_ms AND excluded.threshold >= alert_incident.threshold

-- name: alert_incident_of_scope
SELECT scope, document FROM alert_incident WHERE scope = $scope

-- name: alert_incident_of_terms
SELECT scope, document FROM alert_incident WHERE budget_id = $budget_id AND budget_id <> '' ORDER BY scope

-- name: alert_incident_of_members
SELECT scope, document FROM alert_incident WHERE scope >= $from AND scope < $to ORDER BY scope

-- name: alert_incident_delete
DELETE FROM alert_incident WHERE scope = $scope

-- name: alert_incident_end
DELETE FROM alert_incident
WHERE scope IN (
  SELECT scope FROM alert_incident
  WHERE period_end_ms <= $now_ms
  ORDER BY period_end_ms, scope
  LIMIT $limit
  FOR UPDATE SKIP LOCKED -- postgres only
)
RETURNING scope, document

-- name: key_expiring
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
FROM key
WHERE expires_at_ms > $now_ms AND expires_at_ms <= $until_ms AND blocked = 0
  AND expires_at_ms - created_at_ms >= $lived_ms
  AND (expiry_told_ms IS NULL OR expiry_told_ms <> expires_at_ms)
ORDER BY expires_at_ms, id
LIMIT $limit

-- name: key_expiry_told
UPDATE key SET expiry_told_ms = expires_at_ms
WHERE id = $id AND expires_at_ms = $expires_at_ms AND (expiry_told_ms IS NULL OR expiry_told_ms <> expires_at_ms)
