SELECT to_jsonb(t)::text FROM "LiteLLM_JWTKeyMapping" t WHERE is_active
