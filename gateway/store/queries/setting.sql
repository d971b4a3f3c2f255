-- name: setting_get
SELECT value FROM setting WHERE name = $name

-- name: setting_put_first
INSERT INTO setting (name, value) VALUES ($name, $value)
ON CONFLICT (name) DO NOTHING

-- name: setting_put
INSERT INTO setting (name, value) VALUES ($name, $value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
