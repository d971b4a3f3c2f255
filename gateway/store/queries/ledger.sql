-- name: ledger_insert
-- OR FAIL spares SQLite a copy of every page that the statement changes, in case it has to be undone:
-- a statement that fails here ends its transaction.
INSERT OR FAIL INTO ledger -- sqlite only
INSERT INTO ledger -- postgres only
   (id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model, upstream,
    prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version, end_user, tags, calls,
    reserved_tokens, reserved_cost_nano, sparable_tokens, sparable_cost_nano, uncounted_tokens, admitted_us, settled_us)
VALUES $rows
ON CONFLICT (id) DO NOTHING
RETURNING id -- postgres only

-- name: ledger_ids_after
SELECT id FROM ledger WHERE seq > $after_seq

-- lines: ledger_found
FROM ledger
INDEXED BY ledger_admitted -- if via_ledger_admitted
INDEXED BY ledger_cost -- if via_ledger_cost
INDEXED BY ledger_end_user -- if via_ledger_end_user
INDEXED BY ledger_key -- if via_ledger_key
INDEXED BY ledger_kind -- if via_ledger_kind
INDEXED BY ledger_model -- if via_ledger_model
INDEXED BY ledger_team -- if via_ledger_team
INDEXED BY ledger_user -- if via_ledger_user
WHERE 1 = 1
  AND team_id = $team_id -- if team_id
  AND key_id = $key_id -- if key_id
  AND user_id = $user_id -- if user_id
  AND model = $model -- if model
  AND end_user = $end_user AND end_user <> '' -- if end_user
  AND (request_id = $request_id OR id = $request_id) -- if request_id
  AND cost_nano >= $min_cost_nano -- if min_cost_nano
  AND cost_nano <= $max_cost_nano -- if max_cost_nano
  AND kind = $kind -- if kind
  AND kind <> 'settle' -- if unusual_kind
  AND admitted_at_ms >= $from_ms -- if from_ms
  AND admitted_at_ms < $to_ms -- if to_ms

-- name: ledger_list
SELECT seq, id, kind, admitted_at_ms, settled_at_ms, request_id, team_id, key_id, user_id, model, upstream,
    prompt_tokens, cached_tokens, completion_tokens, cost_nano, price_version, end_user, tags, calls,
    reserved_tokens, reserved_cost_nano, sparable_tokens, sparable_cost_nano, uncounted_tokens
-- use ledger_found
  AND admitted_at_ms <= $after_ms AND (admitted_at_ms, id) < ($after_ms, $after_id) -- if after_id
ORDER BY admitted_at_ms DESC, id DESC
LIMIT $limit OFFSET $offset

-- When the row at a place of the list was admitted, from an index alone.
-- name: ledger_edge
SELECT admitted_at_ms
-- use ledger_found
ORDER BY admitted_at_ms DESC
LIMIT 1 OFFSET $offset

-- name: ledger_count
SELECT COUNT(*) FROM (
SELECT 1
-- use ledger_found
LIMIT $most -- if most
) AS counted

-- name: ledger_models
-- The models of whole UTC days.
SELECT model FROM usage_daily
WHERE 1 = 1
  AND day >= $from_day -- if from_day
  AND day <= $to_day -- if to_day
UNION
SELECT model FROM usage_brought
WHERE 1 = 1
  AND day >= $from_day -- if from_day
  AND day <= $to_day -- if to_day

-- lines: spend_of
    AND team_id IN ($team_ids) -- if team_ids
    AND key_id IN ($key_ids) -- if key_ids
    AND user_id IN ($user_ids) -- if user_ids
    AND key_id NOT IN (SELECT key_id FROM apart_key WHERE user_id IN ($user_ids)) -- if own_keys
    AND model IN ($models) -- if models

-- name: ledger_spend
-- Whole UTC days come from the daily sums, the hours before and after them from the rows.
SELECT CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT) FROM (
  SELECT cost_nano FROM usage_daily
  WHERE day >= $from_day AND day < $to_day
-- use spend_of
  UNION ALL
  SELECT cost_nano FROM ledger
  WHERE admitted_at_ms >= $from_ms AND admitted_at_ms < $days_from_ms
-- use spend_of
  UNION ALL
  SELECT cost_nano FROM ledger
  WHERE admitted_at_ms >= $days_to_ms AND admitted_at_ms < $to_ms
-- use spend_of
  UNION ALL -- if scope
  SELECT cost_nano FROM adjustment -- if scope
  WHERE scope = $scope AND at_ms >= $from_ms AND at_ms < $to_ms -- if scope
) AS part

-- name: ledger_spend_by_slot
-- The same, apart for every team and for every key without a team.
SELECT team_id, CASE WHEN team_id = '' THEN key_id ELSE '' END AS lone_key_id, CAST(COALESCE(SUM(cost_nano), 0) AS BIGINT)
FROM (
  SELECT team_id, key_id, cost_nano FROM usage_daily
  WHERE day >= $from_day AND day < $to_day
-- use spend_of
  UNION ALL
  SELECT team_id, key_id, cost_nano FROM ledger
  WHERE admitted_at_ms >= $from_ms AND admitted_at_ms < $days_from_ms
-- use spend_of
  UNION ALL
  SELECT team_id, key_id, cost_nano FROM ledger
  WHERE admitted_at_ms >= $days_to_ms AND admitted_at_ms < $to_ms
-- use spend_of
  UNION ALL -- if scope
  SELECT '' AS team_id, '' AS key_id, cost_nano FROM adjustment -- if scope
  WHERE scope = $scope AND at_ms >= $from_ms AND at_ms < $to_ms -- if scope
) AS part
GROUP BY 1, 2

-- name: usage_add
INSERT INTO usage_daily (day, team_id, key_id, user_id, model,
    requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano)
VALUES $rows
ON CONFLICT (day, team_id, key_id, user_id, model) DO UPDATE
SET requests = usage_daily.requests + excluded.requests,
    prompt_tokens = usage_daily.prompt_tokens + excluded.prompt_tokens,
    cached_tokens = usage_daily.cached_tokens + excluded.cached_tokens,
    completion_tokens = usage_daily.completion_tokens + excluded.completion_tokens,
    cost_nano = usage_daily.cost_nano + excluded.cost_nano

-- name: usage_list
SELECT day, team_id, key_id, user_id, model, requests, prompt_tokens, cached_tokens, completion_tokens, cost_nano
FROM usage_daily
WHERE 1 = 1
  AND team_id = $team_id -- if team_id
  AND key_id = $key_id -- if key_id
  AND user_id = $user_id -- if user_id
  AND model = $model -- if model
  AND day >= $from_day -- if from_day
  AND day < $to_day -- if to_day
ORDER BY day, team_id, key_id, user_id, model
LIMIT $limit OFFSET $offset

-- name: usage_count
SELECT COUNT(*)
FROM usage_daily
WHERE 1 = 1
  AND team_id = $team_id -- if team_id
  AND key_id = $key_id -- if key_id
  AND user_id = $user_id -- if user_id
  AND model = $model -- if model
  AND day >= $from_day -- if from_day
  AND day < $to_day -- if to_day

-- name: ledger_replay
-- The tokens of a call together: only their sum is counted.
SELECT id, kind, admitted_at_ms * 1000 + admitted_us, settled_at_ms * 1000 + settled_us, team_id, key_id, user_id, model,
    prompt_tokens + completion_tokens, cost_nano,
    reserved_tokens, reserved_cost_nano, sparable_tokens, sparable_cost_nano, uncounted_tokens
FROM ledger
WHERE admitted_at_ms >= $from_ms AND admitted_at_ms < $to_ms AND calls = 1
ORDER BY admitted_at_ms, admitted_us, id
