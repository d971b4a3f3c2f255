-- Single calls stay where they are; the report says how many there are.
SELECT jsonb_build_object('calls', COUNT(*), 'spend', COALESCE(SUM(spend), 0))::text FROM "LiteLLM_SpendLogs"
