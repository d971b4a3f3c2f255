-- End users that something limits.
SELECT to_jsonb(t)::text FROM "LiteLLM_EndUserTable" t WHERE budget_id IS NOT NULL OR blocked
