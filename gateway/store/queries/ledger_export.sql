-- name: ledger_end
SELECT COALESCE(MAX(seq), 0) FROM ledger -- sqlite only
SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ledger_seq_seq -- postgres only

-- name: ledger_writers
-- Who has opened the ledger to write and not committed yet; see the trigger on the table.
SELECT '' WHERE 1 = 0 -- sqlite only
SELECT COALESCE(virtualtransaction, '') FROM pg_locks -- postgres only
WHERE locktype = 'advisory' AND classid = 0 AND objid = 1112887891 AND granted -- postgres only
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) -- postgres only

-- name: ledger_after
SELECT seq, id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model, upstream,
    prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version, end_user, tags, calls,
    reserved_tokens, reserved_cost_nano, sparable_tokens, sparable_cost_nano, uncounted_tokens
FROM ledger
WHERE seq > $after_seq AND seq <= $end_seq
ORDER BY seq
LIMIT $limit

-- name: ledger_export_add
INSERT INTO ledger_export (name, sent_seq, holder, lease_until_ms, updated_at_ms)
VALUES ($name, 0, '', 0, $now_ms)
ON CONFLICT (name) DO NOTHING

-- name: ledger_export_claim
UPDATE ledger_export SET holder = $holder, lease_until_ms = $until_ms
WHERE name = $name AND (holder = $holder OR lease_until_ms <= $now_ms)
RETURNING sent_seq

-- name: ledger_export_move
UPDATE ledger_export SET sent_seq = $seq, updated_at_ms = $now_ms
WHERE name = $name AND holder = $holder AND sent_seq < $seq

-- name: ledger_export_release
UPDATE ledger_export SET lease_until_ms = 0 WHERE name = $name AND holder = $holder
