SELECT to_jsonb(t)::text FROM "LiteLLM_OrganizationTable" t
