-- name: stored_response_insert
INSERT INTO stored_response (id, team_id, key_id, model, deployment, tokens, created_at_ms)
VALUES ($id, $team_id, $key_id, $model, $deployment, $tokens, $created_at_ms)
ON CONFLICT (id) DO NOTHING

-- name: stored_response_get
SELECT team_id, key_id, model, deployment, tokens, created_at_ms FROM stored_response WHERE id = $id

-- name: stored_response_delete
DELETE FROM stored_response WHERE id = $id

-- name: stored_response_purge
DELETE FROM stored_response WHERE created_at_ms < $before_ms
