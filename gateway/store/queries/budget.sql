-- name: budget_insert
INSERT INTO budget (id, pot, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $pot, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: budget_update
-- ignores created_at_ms, created_by
UPDATE budget
SET pot = $pot, declared_in = $declared_in,
    revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: budget_delete
DELETE FROM budget WHERE id = $id

-- name: budget_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM budget WHERE id = $id

-- lines: budget_found
FROM budget
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND pot = 1 -- if pots

-- name: budget_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
-- use budget_found
-- use ordered_by id

-- name: budget_count
SELECT COUNT(*)
-- use budget_found
