-- name: once_get
SELECT fingerprint, answer FROM once WHERE key = $key AND expires_at_ms > $now_ms

-- name: once_purge
DELETE FROM once WHERE expires_at_ms <= $now_ms

-- name: once_insert
INSERT INTO once (key, fingerprint, answer, expires_at_ms)
VALUES ($key, $fingerprint, $answer, $expires_at_ms)
