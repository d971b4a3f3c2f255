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

-- name: stored_item_insert
INSERT INTO stored_item (id, response_id, created_at_ms) VALUES ($id, $response_id, $created_at_ms)
ON CONFLICT (id) DO NOTHING

-- name: stored_items_get
SELECT stored_item.id, stored_response.id, team_id, key_id, model, deployment
FROM stored_item JOIN stored_response ON stored_response.id = response_id
WHERE stored_item.id IN ($ids)

-- name: stored_items_delete
DELETE FROM stored_item WHERE response_id = $id

-- name: stored_items_purge
DELETE FROM stored_item WHERE created_at_ms < $before_ms
