-- name: admin_key_insert
INSERT INTO admin_key (id, name, hash, former_hash, former_until_ms, secret_key_id, former_secret_key_id, fingerprint_of,
    declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $name, $hash, $former_hash, $former_until_ms, $secret_key_id, $former_secret_key_id, $fingerprint_of,
    $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: admin_key_update
-- ignores created_at_ms, created_by
UPDATE admin_key
SET name = $name, hash = $hash, former_hash = $former_hash, former_until_ms = $former_until_ms,
    secret_key_id = $secret_key_id, former_secret_key_id = $former_secret_key_id, fingerprint_of = $fingerprint_of,
    declared_in = $declared_in, revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: admin_key_delete
DELETE FROM admin_key WHERE id = $id

-- name: admin_key_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name, hash, former_hash, former_until_ms, secret_key_id, former_secret_key_id, fingerprint_of
FROM admin_key WHERE id = $id

-- name: admin_key_by_hash
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name, hash, former_hash, former_until_ms, secret_key_id, former_secret_key_id, fingerprint_of
FROM admin_key WHERE hash = $hash OR (former_hash = $hash AND former_until_ms > $now_ms)

-- Who has a secret already, be it an admin key or a key that calls models.
-- name: admin_key_secret_owner
SELECT id FROM admin_key WHERE (hash = $hash OR (former_hash = $hash AND former_until_ms > $now_ms)) AND id <> $id
UNION ALL
SELECT key_id FROM key_secret WHERE hash = $hash AND (valid_until_ms IS NULL OR valid_until_ms > $now_ms)

-- name: admin_key_all
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name, hash, former_hash, former_until_ms, secret_key_id, former_secret_key_id, fingerprint_of
FROM admin_key ORDER BY created_at_ms, id
