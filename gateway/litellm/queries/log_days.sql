-- The same from single calls, for the days before the first that has a sum.
SELECT jsonb_build_object('team_id', s.team_id, 'date', s.day, 'api_key', s.api_key, 'model', s.model, 'model_group', s.model_group,
    'prompt_tokens', s.prompt_tokens, 'completion_tokens', s.completion_tokens, 'spend', s.spend, 'successful_requests', s.calls)::text
FROM (
    SELECT team_id, to_char("startTime", 'YYYY-MM-DD') AS day, api_key, model, model_group,
        SUM(prompt_tokens) AS prompt_tokens, SUM(completion_tokens) AS completion_tokens, SUM(spend) AS spend, COUNT(*) AS calls
    FROM "LiteLLM_SpendLogs"
    WHERE "startTime" >= $1::text::date AND "startTime" < $2::text::date
    GROUP BY 1, 2, 3, 4, 5
) s
