-- The same by user, of every key; those of a team stand in the table of teams as well.
SELECT to_jsonb(t)::text FROM "LiteLLM_DailyUserSpend" t WHERE date >= $1
