-- name: model_insert
INSERT INTO model (id, name, name_lower, api_key, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $name, $name_lower, $api_key, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: model_update
UPDATE model
SET name = $name, name_lower = $name_lower, api_key = $api_key, declared_in = $declared_in,
    revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: model_delete
DELETE FROM model WHERE id = $id

-- name: model_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, api_key
FROM model WHERE id = $id

-- name: model_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, api_key
FROM model
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND name = $name -- if name
ORDER BY
  id -- if by_id
  id DESC -- if by_id_desc
  name_lower, id -- if by_alias
  name_lower DESC, id DESC -- if by_alias_desc
  created_at_ms, id -- if by_created_at
  created_at_ms DESC, id DESC -- if by_created_at_desc
  updated_at_ms, id -- if by_updated_at
  updated_at_ms DESC, id DESC -- if by_updated_at_desc
LIMIT $limit OFFSET $offset

-- name: model_count
SELECT COUNT(*)
FROM model
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND name = $name -- if name
