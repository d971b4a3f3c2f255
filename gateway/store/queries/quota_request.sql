-- name: quota_request_insert
INSERT INTO quota_request (id, team_id, state, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document)
VALUES ($id, $team_id, $state, $declared_in, $revision, $created_at_ms, $created_by, $updated_at_ms, $updated_by, $document)

-- name: quota_request_update
-- ignores created_at_ms, created_by, team_id
UPDATE quota_request
SET state = $state, declared_in = $declared_in, revision = $revision, updated_at_ms = $updated_at_ms, updated_by = $updated_by, document = $document
WHERE id = $id

-- name: quota_request_get
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM quota_request WHERE id = $id

-- name: quota_request_list
SELECT id, declared_in, revision, created_at_ms, created_by, updated_at_ms, updated_by, document
FROM quota_request
WHERE 1 = 1
  AND team_id IN ($team_ids) -- if team_ids
  AND state = $state -- if state
ORDER BY created_at_ms DESC, id DESC
LIMIT $limit
