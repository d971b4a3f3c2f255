SELECT to_jsonb(t)::text FROM "LiteLLM_TeamMembership" t
