-- name: key_insert
INSERT INTO key (id, name, alias, alias_lower, team_id, user_id, budget_id, blocked, expires_at_ms,
    declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $name, $alias, $alias_lower, $team_id, $user_id, $budget_id, $blocked, $expires_at_ms,
    $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: key_update
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

-- name: key_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document, name
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
-- name: key_edge
SELECT id,
  id -- if by_id
  id -- if by_id_desc
  alias_lower -- if by_alias
  alias_lower -- if by_alias_desc
  created_at_ms -- if by_created_at
  created_at_ms -- if by_created_at_desc
  updated_at_ms -- if by_updated_at
  updated_at_ms -- if by_updated_at_desc
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

-- name: key_count
SELECT COUNT(*)
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

-- name: key_of_budget
SELECT id FROM key WHERE budget_id = $budget_id ORDER BY id LIMIT $limit

-- name: key_without_team_ids
SELECT id FROM key WHERE team_id IS NULL ORDER BY id

-- name: key_secret_insert
INSERT INTO key_secret (hash, key_id, created_at_ms, valid_until_ms)
VALUES ($hash, $key_id, $created_at_ms, NULL)

-- name: key_secret_end
UPDATE key_secret SET valid_until_ms = $valid_until_ms
WHERE key_id = $key_id AND hash <> $except AND (valid_until_ms IS NULL OR valid_until_ms > $valid_until_ms)

-- name: key_secret_purge
DELETE FROM key_secret WHERE valid_until_ms <= $now_ms

-- name: key_secret_delete
DELETE FROM key_secret WHERE key_id = $key_id

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
SELECT hash FROM admin_key UNION ALL SELECT hash FROM key_secret
