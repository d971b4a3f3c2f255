-- name: model_insert
INSERT INTO model (id, name, name_lower, api_key, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $name, $name_lower, $api_key, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: model_update
-- ignores created_at_ms, created_by
UPDATE model
SET name = $name, name_lower = $name_lower, api_key = $api_key, declared_in = $declared_in,
    revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: model_delete
DELETE FROM model WHERE id = $id

-- name: model_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, api_key
FROM model WHERE id = $id

-- lines: model_found
FROM model
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND name = $name -- if name

-- name: model_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, api_key
-- use model_found
-- use ordered_by name_lower

-- name: model_count
SELECT COUNT(*)
-- use model_found
