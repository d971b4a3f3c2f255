-- name: limit_minute_batch
-- A batch that is written again, as its writer did not hear that it was kept, changes nothing.
INSERT INTO limit_minute_writer (gateway, batch, written_at_ms) VALUES ($gateway, $batch, $now_ms)
ON CONFLICT (gateway) DO UPDATE SET batch = excluded.batch, written_at_ms = excluded.written_at_ms
WHERE limit_minute_writer.batch < excluded.batch

-- name: limit_minute_add
INSERT INTO limit_minute (minute, team_id, key_id, model, limit_name, calls, tokens, refused, would_refuse, peak, capped_at)
VALUES $rows
ON CONFLICT (minute, team_id, key_id, model, limit_name) DO UPDATE
SET calls = limit_minute.calls + excluded.calls,
    tokens = limit_minute.tokens + excluded.tokens,
    refused = limit_minute.refused + excluded.refused,
    would_refuse = limit_minute.would_refuse + excluded.would_refuse,
    capped_at = CASE WHEN excluded.peak > limit_minute.peak THEN excluded.capped_at ELSE limit_minute.capped_at END,
    peak = CASE WHEN excluded.peak > limit_minute.peak THEN excluded.peak ELSE limit_minute.peak END

-- name: limit_minute_list
SELECT minute, team_id, key_id, model, limit_name, calls, tokens, refused, would_refuse, peak, capped_at
FROM limit_minute
WHERE minute >= $from_minute AND minute < $to_minute
  AND team_id IN ($team_ids) -- if team_ids
  AND key_id = $key_id -- if key_id
ORDER BY minute, team_id, key_id, model, limit_name

-- name: limit_minute_refused
SELECT minute / $bucket * $bucket AS bucket,
    CASE WHEN $by_team = 1 THEN team_id ELSE '' END AS team,
    CASE WHEN $by_key = 1 THEN key_id ELSE '' END AS key_of,
    CASE WHEN $by_model = 1 THEN model ELSE '' END AS model_of,
    CASE WHEN $by_limit = 1 THEN limit_name ELSE '' END AS limit_of,
    CAST(SUM(CASE WHEN $watched = 1 THEN would_refuse ELSE refused END) AS BIGINT) AS total, MIN(minute), MAX(minute)
FROM limit_minute
WHERE minute >= $from_minute AND minute < $to_minute AND CASE WHEN $watched = 1 THEN would_refuse ELSE refused END > 0
  AND CASE WHEN limit_name = '' THEN 1 ELSE 0 END = $of_calls -- if of_calls
  AND team_id IN ($team_ids) -- if team_ids
  AND key_id = $key_id -- if key_id
  AND model = $model -- if model
  AND limit_name = $limit_name -- if limit_name
GROUP BY 1, 2, 3, 4, 5
ORDER BY total DESC, 1, 2, 3, 4, 5
LIMIT $limit

-- name: limit_minute_peaks
-- Of several minutes with the same peak it is the last. The percentile is the least peak that 99 of 100 minutes are not above.
SELECT team_id, key_id, model, limit_name, peak, capped_at, minute, p99, minutes FROM (
  SELECT team_id, key_id, model, limit_name, peak, capped_at, minute,
      ROW_NUMBER() OVER (PARTITION BY team_id, key_id, model, limit_name ORDER BY peak DESC, minute DESC) AS place,
      MIN(CASE WHEN share >= 0.99 THEN peak END) OVER (PARTITION BY team_id, key_id, model, limit_name) AS p99,
      COUNT(*) OVER (PARTITION BY team_id, key_id, model, limit_name) AS minutes
  FROM (
    SELECT team_id, key_id, model, limit_name, peak, capped_at, minute,
        CUME_DIST() OVER (PARTITION BY team_id, key_id, model, limit_name ORDER BY peak) AS share
    FROM limit_minute
    WHERE minute >= $from_minute AND minute < $to_minute AND peak > 0
      AND team_id IN ($team_ids) -- if team_ids
      AND key_id = $key_id -- if key_id
  ) AS shared
) AS placed
WHERE place = 1
ORDER BY team_id, key_id, model, limit_name

-- name: limit_minute_oldest
SELECT minute FROM limit_minute WHERE minute < $before_minute ORDER BY minute LIMIT 1

-- name: limit_minute_purge
DELETE FROM limit_minute WHERE minute < $before_minute

-- name: limit_minute_writer_purge
DELETE FROM limit_minute_writer WHERE written_at_ms < $before_ms
