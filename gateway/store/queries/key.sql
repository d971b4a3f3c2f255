-- name: key_insert
INSERT INTO key (id, name, alias, alias_lower, team_id, user_id, budget_id, blocked, expires_at_ms,
    declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $name, $alias, $alias_lower, $team_id, $user_id, $budget_id, $blocked, $expires_at_ms,
    $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: key_update
-- ignores created_at_ms, created_by
UPDATE key
SET name = $name, alias = $alias, alias_lower = $alias_lower, team_id = $team_id, user_id = $user_id, budget_id = $budget_id,
    blocked = $blocked, expires_at_ms = $expires_at_ms,
    declared_in = $declared_in, revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: key_delete
DELETE FROM key WHERE id = $id

-- name: key_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
FROM key WHERE id = $id

-- name: key_by_alias
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
FROM key WHERE alias = $alias

-- name: key_by_secret
SELECT key.id, declared_in, revision, key.created_at_ms, created_by, updated_at_ms, updated_by, document, name
FROM key_secret JOIN key ON key.id = key_secret.key_id
WHERE key_secret.hash = $hash AND (key_secret.valid_until_ms IS NULL OR key_secret.valid_until_ms > $now_ms)

-- lines: key_found
FROM key
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND alias = $alias -- if alias
  AND alias_lower LIKE $alias_contains ESCAPE '\' -- if alias_contains
  AND team_id = $team_id -- if team_id
  AND user_id = $user_id -- if user_id
  AND team_id IN ($team_ids) -- if team_ids
  AND blocked = 0 AND (expires_at_ms IS NULL OR expires_at_ms > $now_ms) -- if active
  AND blocked = 1 -- if blocked
  AND expires_at_ms <= $now_ms -- if expired

-- name: key_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
-- use key_found
-- use behind_edge
-- use ordered_by alias_lower

-- The row at a place of the list, from its index alone.
-- name: key_edge
-- use edge
-- use key_found
-- use ordered_by alias_lower

-- name: key_count
SELECT COUNT(*)
-- use key_found

-- name: key_of_budget
SELECT id FROM key WHERE budget_id = $budget_id ORDER BY id LIMIT $limit

-- name: key_without_team_ids
SELECT id FROM key WHERE team_id IS NULL ORDER BY id

-- name: key_secret_insert
INSERT INTO key_secret (hash, key_id, created_at_ms, valid_until_ms, secret_key_id)
VALUES ($hash, $key_id, $created_at_ms, NULL, $secret_key_id)

-- name: key_secret_end
UPDATE key_secret SET valid_until_ms = $valid_until_ms
WHERE key_id = $key_id AND hash <> $except AND (valid_until_ms IS NULL OR valid_until_ms > $valid_until_ms)

-- name: key_secret_purge
DELETE FROM key_secret WHERE valid_until_ms <= $now_ms

-- name: key_secret_delete
DELETE FROM key_secret WHERE key_id = $key_id

-- name: key_secret_owner
SELECT key_id FROM key_secret WHERE hash = $hash

-- name: key_secret_until
SELECT valid_until_ms FROM key_secret WHERE hash = $hash

-- name: key_aliases
SELECT alias FROM key
WHERE alias IS NOT NULL
  AND alias_lower LIKE $alias_contains ESCAPE '\' -- if alias_contains
  AND team_id = $team_id -- if team_id
ORDER BY alias_lower, id
LIMIT $limit OFFSET $offset

-- name: key_delete_many
DELETE FROM key WHERE id IN ($ids)

-- name: key_secret_delete_many
DELETE FROM key_secret WHERE key_id IN ($key_ids)

-- name: apart_key_insert
INSERT INTO apart_key (user_id, key_id) VALUES ($user_id, $key_id) ON CONFLICT (user_id, key_id) DO NOTHING

-- name: secret_hashes
SELECT hash FROM admin_key
UNION ALL SELECT former_hash FROM admin_key WHERE former_hash IS NOT NULL
UNION ALL SELECT hash FROM key_secret
