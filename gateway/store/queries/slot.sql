-- name: key_without_team_ids
SELECT id FROM key WHERE team_id IS NULL ORDER BY id
