-- 200 teams of 25 keys each, with a million calls.
INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, max_budget, spend, rpm_limit, budget_duration, budget_reset_at)
    SELECT 'team-' || n, 'Team ' || n, 1000, n * 0.37, 600, '30d', '2099-01-01' FROM generate_series(1, 200) n;
INSERT INTO "LiteLLM_UserTable" (user_id, spend) SELECT 'user-' || n, n * 0.01 FROM generate_series(1, 500) n;
INSERT INTO "LiteLLM_VerificationToken" (token, key_name, key_alias, team_id, user_id, spend, max_budget, budget_duration)
    SELECT encode(sha256(('sk-key-of-the-large-run-' || n)::bytea), 'hex'), 'sk-...' || right(n::text, 4), 'key ' || n, 'team-' || (n % 200 + 1), 'user-' || (n % 500 + 1), n * 0.0123, 100, '30d'
    FROM generate_series(1, 5000) n;
INSERT INTO "LiteLLM_SpendLogs" (request_id, api_key, spend, "startTime", model_group, team_id)
    SELECT 'r' || n, encode(sha256(('sk-key-of-the-large-run-' || (n % 5000 + 1))::bytea), 'hex'), 0.0001, now() AT TIME ZONE 'UTC' - n * INTERVAL '2 seconds', 'gpt-4.1', 'team-' || (n % 200 + 1)
    FROM generate_series(1, 1000000) n;
