-- What keys with caps of single models spent on them, day by day, as far back as a cap can reach that resets.
SELECT jsonb_build_object('api_key', s.api_key, 'model_group', s.model_group, 'day', s.day, 'spend', s.spend)::text
FROM (
    SELECT api_key, model_group, date_trunc('day', "startTime") AS day, SUM(spend) AS spend
    FROM "LiteLLM_SpendLogs"
    WHERE api_key IN (SELECT t.token FROM "LiteLLM_VerificationToken" t WHERE t.model_max_budget::text NOT IN ('{}', 'null', '"{}"') OR to_jsonb(t)->>'project_id' IS NOT NULL)
      AND "startTime" >= now() - INTERVAL '400 days'
    GROUP BY 1, 2, 3
) s
