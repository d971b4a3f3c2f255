-- name: admin_key_insert
INSERT INTO admin_key (id, name, hash, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $name, $hash, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: admin_key_delete
DELETE FROM admin_key WHERE id = $id

-- name: admin_key_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
FROM admin_key WHERE id = $id

-- name: admin_key_by_hash
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
FROM admin_key WHERE hash = $hash

-- name: admin_key_all
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
FROM admin_key ORDER BY created_at_ms, id
