-- name: audit_head_lock
UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, hash, secret_key_id

-- name: audit_head_get
SELECT seq, hash, secret_key_id FROM audit_head WHERE id = 1

-- name: audit_head_move
UPDATE audit_head SET seq = $seq, hash = $hash WHERE id = 1

-- name: audit_insert
INSERT INTO audit (seq, at_ms, actor, address, reason, request_id, action, object_id, before, after, prev_hash, hash, user_agent, credential_kind, credential_id)
VALUES $rows

-- name: audit_team_insert
INSERT INTO audit_team (team_id, seq)
VALUES $rows

-- name: audit_chain
SELECT seq, at_ms, actor, address, reason, request_id, action, object_id, before, after, prev_hash, hash, user_agent, credential_kind, credential_id
FROM audit ORDER BY seq

-- lines: audit_found
FROM audit
WHERE 1 = 1
  AND actor = $actor -- if actor
  AND credential_id = $credential_id -- if credential_id
  AND action = $action -- if action
  AND object_id = $object_id -- if object_id
  AND seq IN (SELECT seq FROM audit_team WHERE team_id = $team_id) -- if team_id
  AND at_ms >= $from_ms -- if from_ms
  AND at_ms < $to_ms -- if to_ms

-- name: audit_list
SELECT seq, at_ms, actor, address, reason, request_id, action, object_id, before, after, prev_hash, hash, user_agent, credential_kind, credential_id
-- use audit_found
  AND seq < $before_seq -- if before_seq
ORDER BY seq DESC
LIMIT $limit OFFSET $offset

-- name: audit_count
SELECT COUNT(*)
-- use audit_found
