-- Members of organizations that something limits.
SELECT to_jsonb(t)::text FROM "LiteLLM_OrganizationMembership" t WHERE budget_id IS NOT NULL
