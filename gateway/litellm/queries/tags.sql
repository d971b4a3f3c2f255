-- Tags that something limits.
SELECT to_jsonb(t)::text FROM "LiteLLM_TagTable" t WHERE budget_id IS NOT NULL
