-- name: team_insert
INSERT INTO team (id, alias_lower, budget_id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $alias_lower, $budget_id, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: team_update
-- ignores created_at_ms, created_by
UPDATE team
SET alias_lower = $alias_lower, budget_id = $budget_id, declared_in = $declared_in,
    revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: team_delete
DELETE FROM team WHERE id = $id

-- name: team_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM team WHERE id = $id

-- name: team_ids
SELECT id FROM team ORDER BY id

-- name: team_ids_of_budgets
SELECT id FROM team WHERE budget_id IN ($ids) ORDER BY id

-- lines: team_found
FROM team
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND alias_lower LIKE $alias_contains ESCAPE '\' -- if alias_contains

-- name: team_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
-- use team_found
-- use behind_edge
-- use ordered_by alias_lower

-- The row at a place of the list, from its index alone.
-- name: team_edge
-- use edge
-- use team_found
-- use ordered_by alias_lower

-- name: team_count
SELECT COUNT(*)
-- use team_found

-- name: team_of_budget
SELECT id FROM team WHERE budget_id = $budget_id ORDER BY id LIMIT $limit
