-- name: user_insert
INSERT INTO users (id, alias_lower, email_lower, email, role, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $alias_lower, $email_lower, $email, $role, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: user_update
-- ignores created_at_ms, created_by
UPDATE users
SET alias_lower = $alias_lower, email_lower = $email_lower, email = $email, role = $role, declared_in = $declared_in,
    revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: user_delete
DELETE FROM users WHERE id = $id

-- name: user_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM users WHERE id = $id

-- name: user_by_email
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM users WHERE email_lower = $email_lower

-- lines: user_found
FROM users
WHERE 1 = 1
  AND id IN ($ids) -- if ids
  AND email_lower = $email_is -- if email_is
  AND email_lower LIKE $email_contains ESCAPE '\' -- if email_contains
  AND role = $role -- if role
  AND id IN (SELECT user_id FROM member WHERE team_id = $team_id) -- if team_id

-- name: user_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
-- use user_found
-- use ordered_by alias_lower

-- name: user_count
SELECT COUNT(*)
-- use user_found
