-- name: alert_route_insert
INSERT INTO alert_route (id, name, name_lower, target_kind, target, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $name, $name_lower, $target_kind, $target, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: alert_route_update
-- ignores created_at_ms, created_by
UPDATE alert_route
SET name = $name, name_lower = $name_lower, target_kind = $target_kind, target = $target, declared_in = $declared_in,
    revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: alert_route_delete
DELETE FROM alert_route WHERE id = $id

-- name: alert_route_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, target_kind, target
FROM alert_route WHERE id = $id

-- lines: alert_route_found
FROM alert_route
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND name = $name -- if name

-- name: alert_route_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, target_kind, target
-- use alert_route_found
-- use ordered_by name_lower

-- name: alert_route_count
SELECT COUNT(*)
-- use alert_route_found
