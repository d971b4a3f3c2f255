-- name: tally_get
SELECT n FROM tally WHERE name = $name
