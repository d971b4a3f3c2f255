-- name: secret_key_list
SELECT id, number, since_ms, kept FROM secret_key ORDER BY number

-- name: secret_key_insert
INSERT INTO secret_key (id, number, since_ms, kept) VALUES ($id, $number, $since_ms, $kept)

-- name: secret_key_keep
UPDATE secret_key SET kept = $kept WHERE id = $id

-- name: secret_key_in_use
UPDATE audit_head SET secret_key_id = $key_id WHERE id = 1

-- name: secret_key_holder_put
INSERT INTO secret_key_holder (gateway, key_ids, until_ms) VALUES ($gateway, $given, $until_ms)
ON CONFLICT (gateway) DO UPDATE SET key_ids = excluded.key_ids, until_ms = excluded.until_ms

-- name: secret_key_holder_delete
DELETE FROM secret_key_holder WHERE gateway = $gateway OR until_ms <= $now_ms

-- name: secret_key_holders
SELECT gateway, key_ids FROM secret_key_holder WHERE until_ms > $now_ms ORDER BY gateway

-- A sealed value names the key that sealed it in its bytes 2 to 9.
-- name: sealed_model
SELECT id, '', api_key FROM model WHERE api_key IS NOT NULL AND substr(api_key, 2, 8) <> $key_id ORDER BY id LIMIT $limit

-- name: sealed_model_count
SELECT COUNT(*) FROM model WHERE api_key IS NOT NULL AND substr(api_key, 2, 8) <> $key_id

-- name: sealed_model_put
UPDATE model SET api_key = $sealed WHERE id = $id

-- name: sealed_alert_route
SELECT id, target_kind, target FROM alert_route WHERE substr(target, 2, 8) <> $key_id ORDER BY id LIMIT $limit

-- name: sealed_alert_route_count
SELECT COUNT(*) FROM alert_route WHERE substr(target, 2, 8) <> $key_id

-- name: sealed_alert_route_put
UPDATE alert_route SET target = $sealed WHERE id = $id

-- name: sealed_once
SELECT key, '', answer FROM once WHERE expires_at_ms > $now_ms AND substr(answer, 2, 8) <> $key_id ORDER BY key LIMIT $limit

-- name: sealed_once_count
SELECT COUNT(*) FROM once WHERE expires_at_ms > $now_ms AND substr(answer, 2, 8) <> $key_id

-- name: sealed_once_put
UPDATE once SET answer = $sealed WHERE key = $id

-- name: key_secret_move
UPDATE key_secret SET hash = $hash, secret_key_id = $key_id WHERE hash = $old

-- name: admin_key_move
UPDATE admin_key SET hash = $hash, secret_key_id = $key_id, fingerprint_of = COALESCE(fingerprint_of, hash) WHERE hash = $old

-- name: admin_key_move_former
UPDATE admin_key SET former_hash = $hash, former_secret_key_id = $key_id WHERE former_hash = $old

-- How many secrets that open something were hashed with each secret key.
-- name: secret_key_hashes
SELECT secret_key_id, SUM(keys), SUM(admin_keys) FROM (
    SELECT secret_key_id, 1 AS keys, 0 AS admin_keys FROM key_secret WHERE valid_until_ms IS NULL OR valid_until_ms > $now_ms
    UNION ALL SELECT secret_key_id, 0, 1 FROM admin_key
    UNION ALL SELECT former_secret_key_id, 0, 1 FROM admin_key WHERE former_hash IS NOT NULL AND former_until_ms > $now_ms
) AS hashed GROUP BY secret_key_id

-- Whose secrets were not hashed with this secret key, the most recently used first.
-- name: secret_key_owners
SELECT kind, id, alias, secret_key_id, used FROM (
    SELECT 'key' AS kind, key.id AS id, COALESCE(key.alias, '') AS alias, key_secret.secret_key_id AS secret_key_id,
        COALESCE((SELECT MAX(day) FROM usage_daily WHERE usage_daily.key_id = key.id), '') AS used
    FROM key_secret JOIN key ON key.id = key_secret.key_id
    WHERE key_secret.secret_key_id NOT IN ($known_ids) AND (valid_until_ms IS NULL OR valid_until_ms > $now_ms)
    UNION ALL
    SELECT 'admin key', id, name, secret_key_id, '' FROM admin_key WHERE secret_key_id NOT IN ($known_ids)
    UNION ALL
    SELECT 'former secret of admin key', id, name, former_secret_key_id, '' FROM admin_key
    WHERE former_secret_key_id NOT IN ($known_ids) AND former_hash IS NOT NULL AND former_until_ms > $now_ms
) AS hashed ORDER BY kind, used DESC, id LIMIT $limit
