-- name: console_session_insert
INSERT INTO console_session (id, credential, made_at_ms, seen_at_ms)
VALUES ($id, $credential, $now_ms, $now_ms)

-- name: console_session_get
SELECT made_at_ms, seen_at_ms FROM console_session WHERE id = $id

-- name: console_session_seen
UPDATE console_session SET seen_at_ms = $now_ms WHERE id = $id

-- name: console_session_delete
DELETE FROM console_session
WHERE 1 = 1
  AND id = $id -- if id
  AND credential = $credential -- if credential
  AND seen_at_ms < $unseen_ms -- if unseen_ms
