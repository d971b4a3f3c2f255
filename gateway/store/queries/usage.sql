-- name: usage_label_add
INSERT INTO usage_daily_label (day, kind, label, team_id, key_id, user_id, model,
    requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano)
VALUES $rows
ON CONFLICT (kind, day, label, team_id, key_id, user_id, model) DO UPDATE
SET requests = usage_daily_label.requests + excluded.requests,
    prompt_tokens = usage_daily_label.prompt_tokens + excluded.prompt_tokens,
    cached_tokens = usage_daily_label.cached_tokens + excluded.cached_tokens,
    completion_tokens = usage_daily_label.completion_tokens + excluded.completion_tokens,
    cost_nano = usage_daily_label.cost_nano + excluded.cost_nano

-- lines: usage_found
    AND team_id IN ($team_ids) -- if team_ids
    AND team_id NOT IN ($except_ids) -- if except_ids
    AND key_id = $key_id -- if key_id
    AND user_id = $user_id -- if user_id
    AND model = $model -- if model
    AND day >= $from_day -- if from_day
    AND day < $to_day -- if to_day

-- name: usage_sum
-- A bucket is the first letters of a day: all of it, its month, or nothing for one sum over all days.
SELECT * FROM (
  SELECT substr(day, 1, $bucket_letters) AS bucket,
      CASE WHEN $by_team = 1 THEN team_id ELSE '' END AS team,
      CASE WHEN $by_key = 1 THEN key_id ELSE '' END AS key_of,
      CASE WHEN $by_user = 1 THEN user_id ELSE '' END AS user_of,
      CASE WHEN $by_model = 1 THEN model ELSE '' END AS model_of,
      '' AS label_of,
      CAST(SUM(requests) AS BIGINT), CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
      CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cost_nano) AS BIGINT),
      MIN(day), MAX(day)
  FROM (
    SELECT day, team_id, key_id, user_id, model, requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano FROM usage_daily
    WHERE 1 = 1
-- use usage_found
    UNION ALL
    SELECT day, team_id, key_id, user_id, model, requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano FROM usage_brought
    WHERE 1 = 1
-- use usage_found
  ) AS used
  GROUP BY 1, 2, 3, 4, 5
) AS sums
WHERE 1 = 1
  AND (bucket, team, key_of, user_of, model_of, label_of) > ($after_0, $after_1, $after_2, $after_3, $after_4, $after_5) -- if after_0
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT $limit

-- name: usage_sum_label
SELECT * FROM (
  SELECT substr(day, 1, $bucket_letters) AS bucket,
      CASE WHEN $by_team = 1 THEN team_id ELSE '' END AS team,
      CASE WHEN $by_key = 1 THEN key_id ELSE '' END AS key_of,
      CASE WHEN $by_user = 1 THEN user_id ELSE '' END AS user_of,
      CASE WHEN $by_model = 1 THEN model ELSE '' END AS model_of,
      CASE WHEN $by_label = 1 THEN label ELSE '' END AS label_of,
      CAST(SUM(requests) AS BIGINT), CAST(SUM(prompt_tokens) AS BIGINT), CAST(SUM(cached_tokens) AS BIGINT),
      CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cost_nano) AS BIGINT),
      MIN(day), MAX(day)
  FROM usage_daily_label
  WHERE kind = $kind
    AND label = $label -- if label
    AND team_id IN ($team_ids) -- if team_ids
    AND team_id NOT IN ($except_ids) -- if except_ids
    AND key_id = $key_id -- if key_id
    AND user_id = $user_id -- if user_id
    AND model = $model -- if model
    AND day >= $from_day -- if from_day
    AND day < $to_day -- if to_day
  GROUP BY 1, 2, 3, 4, 5, 6
) AS sums
WHERE 1 = 1
  AND (bucket, team, key_of, user_of, model_of, label_of) > ($after_0, $after_1, $after_2, $after_3, $after_4, $after_5) -- if after_0
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT $limit

-- lines: hour_sums
-- Hours are summed up from the rows: no sums are kept by hour. An hour is its number since 1970, of which all have six digits.
SELECT * FROM (
  SELECT CAST(admitted_at_ms / 3600000 AS TEXT) AS bucket,
      CASE WHEN $by_team = 1 THEN team_id ELSE '' END AS team,
      CASE WHEN $by_key = 1 THEN key_id ELSE '' END AS key_of,
      CASE WHEN $by_user = 1 THEN user_id ELSE '' END AS user_of,
      CASE WHEN $by_model = 1 THEN model ELSE '' END AS model_of,
      CASE WHEN $by_label = 1 THEN label ELSE '' END AS label_of,
      CAST(SUM(CASE WHEN kind IN ('settle', 'estimate') THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(prompt_tokens) AS BIGINT),
      CAST(SUM(cached_tokens) AS BIGINT), CAST(SUM(completion_tokens) AS BIGINT), CAST(SUM(cost_nano) AS BIGINT)

-- lines: hour_found
  WHERE admitted_at_ms >= $from_ms AND admitted_at_ms < $to_ms
    AND label = $label -- if label
    AND team_id IN ($team_ids) -- if team_ids
    AND team_id NOT IN ($except_ids) -- if except_ids
    AND key_id = $key_id -- if key_id
    AND user_id = $user_id -- if user_id
    AND model = $model -- if model
  GROUP BY 1, 2, 3, 4, 5, 6
) AS sums
WHERE 1 = 1
  AND (bucket, team, key_of, user_of, model_of, label_of) > ($after_0, $after_1, $after_2, $after_3, $after_4, $after_5) -- if after_0
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT $limit

-- name: usage_hour
-- use hour_sums
  FROM (SELECT *, '' AS label FROM ledger) AS found
-- use hour_found

-- name: usage_hour_end_user
-- use hour_sums
  FROM (SELECT *, end_user AS label FROM ledger WHERE end_user <> '') AS found
-- use hour_found

-- name: usage_hour_tag
-- A row counts once under each of its tags.
-- use hour_sums
  FROM (SELECT ledger.*, tag.value AS label FROM ledger, json_each(ledger.tags) AS tag -- sqlite only
        WHERE NOT EXISTS (SELECT 1 FROM json_each(ledger.tags) AS earlier WHERE earlier.key < tag.key AND earlier.value = tag.value)) AS found -- sqlite only
  FROM (SELECT ledger.*, tag.label FROM ledger CROSS JOIN LATERAL (SELECT DISTINCT json_array_elements_text(ledger.tags) AS label) AS tag) AS found -- postgres only
-- use hour_found

-- name: ledger_peak
-- The busiest minute by the clock, in requests and in tokens, of each team.
SELECT team_id, MAX(requests), MAX(tokens) FROM (
  SELECT team_id, admitted_at_ms / 60000 AS minute,
      COUNT(*) AS requests, CAST(SUM(prompt_tokens + completion_tokens) AS BIGINT) AS tokens
  FROM ledger
  WHERE team_id IN ($team_ids) AND admitted_at_ms >= $from_ms AND kind IN ('settle', 'estimate')
  GROUP BY 1, 2
) AS minutes
GROUP BY 1

-- name: ledger_minutes
-- What a team or a key was served in each minute by the clock.
SELECT admitted_at_ms / 60000 AS minute, COUNT(*), CAST(SUM(prompt_tokens + completion_tokens) AS BIGINT)
FROM ledger
WHERE admitted_at_ms >= $from_ms AND kind IN ('settle', 'estimate')
  AND team_id = $team_id -- if team_id
  AND key_id = $key_id -- if key_id
GROUP BY 1
ORDER BY 1

-- name: usage_last_days
SELECT key_id, MAX(day) FROM (
  SELECT key_id, day FROM usage_daily WHERE key_id IN ($key_ids) AND requests > 0
  UNION ALL
  SELECT key_id, day FROM usage_brought WHERE key_id IN ($key_ids) AND requests > 0
) AS used
GROUP BY key_id

-- lines: usage_days_found
  WHERE day >= $from_day AND day < $to_day
    AND team_id IN ($team_ids) -- if team_ids
    AND key_id IN ($key_ids) -- if key_ids
    AND model IN ($models) -- if models

-- name: usage_days
SELECT day, CAST(SUM(cost_nano) AS BIGINT) FROM (
  SELECT day, cost_nano FROM usage_daily
-- use usage_days_found
  UNION ALL
  SELECT day, cost_nano FROM usage_brought
-- use usage_days_found
) AS used
GROUP BY day

-- name: usage_brought_sums
SELECT day, team_id, key_id, user_id, model, requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano
FROM usage_brought
WHERE origin = $origin
  AND day = $day -- if day
ORDER BY day, team_id, key_id, user_id, model

-- name: usage_brought_delete
DELETE FROM usage_brought WHERE origin = $origin AND day = $day

-- name: usage_brought_insert
INSERT INTO usage_brought (origin, day, team_id, key_id, user_id, model,
    requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano)
VALUES $rows
