-- What teams have used, day by day and key by key. Columns that older releases do not have are null.
SELECT to_jsonb(t)::text FROM "LiteLLM_DailyTeamSpend" t WHERE date >= $1
