-- A company of afternoon.teams teams with afternoon.keys keys each, and what they have spent.
INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, rpm_limit, budget_duration) VALUES ('shared', 500000, 100000, '30d'), ('acme', 900000, NULL, NULL), ('of a member', 40000, NULL, NULL);
INSERT INTO "LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, spend) VALUES ('acme', 'ACME', 'acme', 1234.56);
INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, organization_id, members_with_roles, metadata, max_budget, spend, rpm_limit, budget_duration, budget_reset_at, models)
    SELECT 'team-' || n, 'Team ' || n, CASE WHEN n % 2 = 0 THEN 'acme' END, jsonb_build_array(jsonb_build_object('role', 'admin', 'user_id', 'user-' || n), jsonb_build_object('role', 'user', 'user_id', 'guest')),
        jsonb_build_object('cost_center', n), 100000, n * 0.37, 100000, '30d', '2099-01-01', CASE WHEN n % 3 = 0 THEN ARRAY['gpt-4.1-mini'] END
    FROM generate_series(1, current_setting('afternoon.teams')::integer) n;
INSERT INTO "LiteLLM_UserTable" (user_id, user_email, spend) VALUES ('guest', 'guest@example.com', 0);
INSERT INTO "LiteLLM_UserTable" (user_id, user_email, max_budget, spend)
    SELECT 'user-' || n, 'user-' || n || '@example.com', 50000, n * 0.11 FROM generate_series(1, current_setting('afternoon.teams')::integer) n;
INSERT INTO "LiteLLM_TeamMembership" (user_id, team_id, spend, budget_id)
    SELECT 'user-' || n, 'team-' || n, n * 0.05, CASE WHEN n % 2 = 0 THEN 'of a member' END FROM generate_series(1, current_setting('afternoon.teams')::integer) n;
-- The first key of a team is its user's. Some have a budget of their own, some name one, some have a cap of a model.
INSERT INTO "LiteLLM_VerificationToken" (token, key_name, key_alias, team_id, user_id, spend, max_budget, budget_duration, budget_reset_at, budget_id, model_max_budget, metadata)
    SELECT encode(sha256(('sk-of-an-afternoon-' || team || '-' || n)::bytea), 'hex'), 'sk-...' || right(team || '-' || n, 4), 'app ' || team || '/' || n, 'team-' || team,
        CASE WHEN n = 1 THEN 'user-' || team END, team * 0.01 + n * 0.0123,
        CASE n % 3 WHEN 1 THEN 20000 END, CASE n % 3 WHEN 1 THEN '30d' END, CASE n % 3 WHEN 1 THEN timestamp '2099-01-01' END,
        CASE n % 3 WHEN 2 THEN 'shared' END, CASE WHEN team % 10 = 1 AND n = 1 THEN '{"gpt-4.1-mini": {"max_budget": 100000, "budget_duration": "30d"}}'::jsonb ELSE '{}' END,
        jsonb_build_object('owner', 'team ' || team)
    FROM generate_series(1, current_setting('afternoon.teams')::integer) team, generate_series(1, current_setting('afternoon.keys')::integer) n;
INSERT INTO "LiteLLM_ProxyModelTable" (model_id, model_name, litellm_params) VALUES ('of-the-database', 'gpt-4.1', '{"model": "openai/gpt-4.1", "api_key": "os.environ/OPENAI_API_KEY"}');
