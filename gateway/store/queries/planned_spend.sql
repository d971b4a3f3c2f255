-- name: job_lease_claim
INSERT INTO job_lease (name, holder, until_ms) VALUES ($name, $holder, $until_ms)
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
WHERE job_lease.holder = excluded.holder OR job_lease.until_ms <= $now_ms

-- name: planned_spend_put
INSERT INTO planned_spend (team_id, from_day, to_day, reason, actor, at_ms)
VALUES ($team_id, $from_day, $to_day, $reason, $actor, $at_ms)
ON CONFLICT (team_id, from_day, to_day) DO UPDATE SET reason = excluded.reason, actor = excluded.actor, at_ms = excluded.at_ms

-- name: planned_spend_delete
DELETE FROM planned_spend WHERE team_id = $team_id AND from_day = $from_day AND to_day = $to_day

-- name: planned_spend_list
SELECT team_id, from_day, to_day, reason, actor, at_ms FROM planned_spend
WHERE 1 = 1
  AND team_id IN ($team_ids) -- if team_ids
  AND from_day <= $day AND to_day >= $day -- if day
ORDER BY from_day DESC, team_id, to_day
LIMIT 1000
