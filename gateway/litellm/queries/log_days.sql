-- The same from single calls, for the days before the first that has a sum. Calls that failed are not counted. Older releases
-- do not say which did: where the table has no column status, the one of "unknown" is meant.
SELECT jsonb_build_object('team_id', s.team_id, 'date', s.day, 'api_key', s.api_key, 'model', s.model, 'model_group', s.model_group,
    'prompt_tokens', s.prompt_tokens, 'completion_tokens', s.completion_tokens, 'spend', s.spend, 'successful_requests', s.served)::text
FROM (
    SELECT calls.team_id, calls.day, calls.api_key, calls.model, calls.model_group,
        SUM(calls.prompt_tokens) AS prompt_tokens, SUM(calls.completion_tokens) AS completion_tokens, SUM(calls.spend) AS spend,
        COUNT(*) FILTER (WHERE calls.status IS DISTINCT FROM 'failure') AS served
    FROM (SELECT NULL::text AS status) AS unknown CROSS JOIN LATERAL (
        SELECT team_id, to_char("startTime", 'YYYY-MM-DD') AS day, api_key, model, model_group, prompt_tokens, completion_tokens, spend, status::text AS status
        FROM "LiteLLM_SpendLogs"
        WHERE "startTime" >= $1::text::date AND "startTime" < $2::text::date
    ) AS calls
    GROUP BY 1, 2, 3, 4, 5
) s
