-- name: team_insert
INSERT INTO team (id, alias_lower, budget_id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $alias_lower, $budget_id, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: team_update
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

-- name: team_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM team
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND alias_lower LIKE $alias_contains ESCAPE '\' -- if alias_contains
  AND id > $edge_id -- if after_id
  AND id < $edge_id -- if after_id_desc
  AND (alias_lower, id) > ($edge_text, $edge_id) -- if after_alias
  AND (alias_lower, id) < ($edge_text, $edge_id) -- if after_alias_desc
  AND (created_at_ms, id) > ($edge_ms, $edge_id) -- if after_created_at
  AND (created_at_ms, id) < ($edge_ms, $edge_id) -- if after_created_at_desc
  AND (updated_at_ms, id) > ($edge_ms, $edge_id) -- if after_updated_at
  AND (updated_at_ms, id) < ($edge_ms, $edge_id) -- if after_updated_at_desc
ORDER BY
  id -- if by_id
  id DESC -- if by_id_desc
  alias_lower, id -- if by_alias
  alias_lower DESC, id DESC -- if by_alias_desc
  created_at_ms, id -- if by_created_at
  created_at_ms DESC, id DESC -- if by_created_at_desc
  updated_at_ms, id -- if by_updated_at
  updated_at_ms DESC, id DESC -- if by_updated_at_desc
LIMIT $limit OFFSET $offset

-- The row at a place of the list, from its index alone.
-- name: team_edge
SELECT id,
  id -- if by_id
  id -- if by_id_desc
  alias_lower -- if by_alias
  alias_lower -- if by_alias_desc
  created_at_ms -- if by_created_at
  created_at_ms -- if by_created_at_desc
  updated_at_ms -- if by_updated_at
  updated_at_ms -- if by_updated_at_desc
FROM team
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND alias_lower LIKE $alias_contains ESCAPE '\' -- if alias_contains
ORDER BY
  id -- if by_id
  id DESC -- if by_id_desc
  alias_lower, id -- if by_alias
  alias_lower DESC, id DESC -- if by_alias_desc
  created_at_ms, id -- if by_created_at
  created_at_ms DESC, id DESC -- if by_created_at_desc
  updated_at_ms, id -- if by_updated_at
  updated_at_ms DESC, id DESC -- if by_updated_at_desc
LIMIT $limit OFFSET $offset

-- name: team_count
SELECT COUNT(*)
FROM team
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND alias_lower LIKE $alias_contains ESCAPE '\' -- if alias_contains

-- name: team_of_budget
SELECT id FROM team WHERE budget_id = $budget_id ORDER BY id LIMIT $limit
