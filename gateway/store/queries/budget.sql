-- name: budget_insert
INSERT INTO budget (id, pot, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $pot, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: budget_update
UPDATE budget
SET pot = $pot, declared_in = $declared_in,
    revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: budget_delete
DELETE FROM budget WHERE id = $id

-- name: budget_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM budget WHERE id = $id

-- name: budget_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM budget
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND pot = 1 -- if pots
ORDER BY
  id -- if by_id
  id -- if by_alias
  id DESC -- if by_id_desc
  id DESC -- if by_alias_desc
  created_at_ms, id -- if by_created_at
  created_at_ms DESC, id DESC -- if by_created_at_desc
  updated_at_ms, id -- if by_updated_at
  updated_at_ms DESC, id DESC -- if by_updated_at_desc
LIMIT $limit OFFSET $offset

-- name: budget_count
SELECT COUNT(*)
FROM budget
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND pot = 1 -- if pots
