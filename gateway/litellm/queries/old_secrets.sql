-- Secrets from before a rotation that still work.
SELECT to_jsonb(t)::text FROM "LiteLLM_DeprecatedVerificationToken" t WHERE revoke_at > now() AT TIME ZONE 'UTC'
