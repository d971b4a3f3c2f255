-- A small company with what is odd in grown databases: nulls, JSON strings in JSON columns, negative spend, an expired key, a
-- key of a team that is gone, ids with spaces and other letters, limits above the team's or beyond all counting, aliases twice.
INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, soft_budget, tpm_limit, rpm_limit, budget_duration, model_max_budget) VALUES
    ('member-5', 5, NULL, NULL, 7, '30d', NULL), ('defaults', 3, NULL, 900, NULL, NULL, '"{}"'), ('shared', 50, 40, NULL, NULL, '7d', '{}'), ('acme', 500, NULL, NULL, NULL, '30d', NULL);
INSERT INTO "LiteLLM_OrganizationTable" (organization_id, organization_alias, budget_id, spend) VALUES ('acme', 'ACME', 'acme', 33.5);
INSERT INTO "LiteLLM_ModelTable" (aliases) VALUES ('{"fast": "gpt-4.1"}');
INSERT INTO "LiteLLM_TeamTable" (team_id, team_alias, organization_id, members_with_roles, metadata, max_budget, soft_budget, spend, models, tpm_limit, rpm_limit, budget_duration, budget_reset_at, blocked, team_member_permissions, model_id) VALUES
    ('marketing', 'Marketing', 'acme', '[{"role":"admin","user_id":"ann"},{"role":"user","user_id":"bob","user_email":null}]',
        '{"team_member_budget_id":"defaults","cost_center":7,"model_rpm_limit":{"gpt-4.1":30}}', 100, 80, 21.25, '{gpt-4.1,claude}', 50000, 100, '30d', '2099-01-01', false, '{/key/info,/key/generate,/team/info}', 1),
    ('research', NULL, 'acme', '"[{\"role\":\"user\",\"user_id\":\"ann\"}]"', '"{\"guardrails\":[\"pii\"]}"', NULL, NULL, -2, NULL, NULL, NULL, NULL, NULL, true, '{}', NULL),
    ('Vertrieb Süd', 'Vertrieb', NULL, '{}', '{}', 10, 20, 4, '{}', NULL, NULL, '1x', NULL, false, NULL, NULL);
INSERT INTO "LiteLLM_UserTable" (user_id, user_email, user_role, metadata, max_budget, spend, budget_duration, budget_reset_at) VALUES
    ('ann', 'ann@example.com', 'internal_user', '{}', 40, 12.5, '1mo', now() AT TIME ZONE 'UTC' - INTERVAL '1 day'), ('bob', NULL, NULL, 'null', NULL, 1, NULL, NULL);
INSERT INTO "LiteLLM_TeamMembership" (user_id, team_id, spend, budget_id) VALUES ('ann', 'marketing', 2.5, 'member-5'), ('bob', 'marketing', 0.5, 'defaults');
INSERT INTO "LiteLLM_VerificationToken" (token, key_name, key_alias, spend, expires, models, user_id, team_id, metadata, blocked, rpm_limit, max_budget, budget_duration, budget_reset_at, model_max_budget, budget_id, aliases) VALUES
    (encode(sha256('sk-app-of-marketing-0001'), 'hex'), 'sk-...0001', 'app', 20, now() + INTERVAL '90 days', '{gpt-4.1}', NULL, 'marketing', '{"owner":"web"}', NULL, 500, 60, '30d', '2099-01-01', '{"gpt-4.1":{"max_budget":15,"budget_duration":"30d"}}', NULL, '{}'),
    (encode(sha256('sk-of-ann-in-marketing-2'), 'hex'), NULL, NULL, 1.25, NULL, NULL, 'ann', 'marketing', '{}', false, NULL, NULL, NULL, NULL, '"{}"', 'shared', '{"best":"claude"}'),
    (encode(sha256('sk-blocked-without-team3'), 'hex'), 'sk-...eam3', 'old', 0, NULL, '{}', 'bob', NULL, '{}', true, NULL, NULL, NULL, NULL, '{}', NULL, '{}'),
    (encode(sha256('sk-expired-long-ago-0004'), 'hex'), NULL, 'expired', 9, now() - INTERVAL '1 day', '{}', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, '{}'),
    (encode(sha256('sk-team-that-is-gone-005'), 'hex'), NULL, 'orphan', 1, NULL, '{}', NULL, 'gone', '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, '{}'),
    (encode(sha256('sk-vertrieb-mit-umlaut-6'), 'hex'), NULL, 'vertrieb', 3, NULL, '{}', NULL, 'Vertrieb Süd', '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, '{}'),
    (encode(sha256('sk-somebody-signed-in-07'), 'hex'), NULL, NULL, 0, NULL, '{}', 'ann', 'litellm-dashboard', '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, '{}'),
    (encode(sha256('sk-second-with-the-alias'), 'hex'), NULL, 'app', 0, 'infinity', '{}', NULL, NULL, '{}', NULL, NULL, 'Infinity', NULL, NULL, '{}', NULL, '{}'),
    ('sk-never-hashed', NULL, 'plain', 0, NULL, '{}', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, '{}');
INSERT INTO "LiteLLM_ProxyModelTable" (model_id, model_name, litellm_params, model_info) VALUES
    ('m-1', 'gpt-4.1', '{"model":"openai/gpt-4.1","api_key":"os.environ/OPENAI_API_KEY","rpm":60}', '{"id":"m-1","access_groups":["fast"]}'),
    ('m-2', 'titan', '"{\"model\":\"bedrock/titan\"}"', NULL);
INSERT INTO "LiteLLM_SpendLogs" (request_id, api_key, spend, "startTime", model_group) VALUES
    ('r1', encode(sha256('sk-app-of-marketing-0001'), 'hex'), 6.5, now() AT TIME ZONE 'UTC', 'gpt-4.1'),
    ('r2', encode(sha256('sk-app-of-marketing-0001'), 'hex'), 1, now() AT TIME ZONE 'UTC' - INTERVAL '200 days', 'gpt-4.1'),
    ('r3', 'another', 2, now() AT TIME ZONE 'UTC', 'claude');
INSERT INTO "LiteLLM_EndUserTable" (user_id, budget_id) VALUES ('customer', 'shared'), ('other', NULL);
INSERT INTO "LiteLLM_ProxyModelTable" (model_id, model_name, litellm_params, model_info) VALUES
    ('m-3', 'claude', '{"model":"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAIVhtoMbapdg3riQ1Nsbtf3+WF9nWSyFNrCKDTsTC0MFQnMTzJeOdV5fwCQ==","api_key":"AgIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAmBqfmRIDHcw0JWG04UfIOv2nlYc95WylaMNz3JT1bZm6JIkP","rpm":5}', '{"id":"m-3"}');
-- What days have cost: each call of a team's key stands in both tables. One is negative, one of a key that is gone, one of long ago.
INSERT INTO "LiteLLM_DailyTeamSpend" (team_id, date, api_key, model, model_group, custom_llm_provider, prompt_tokens, completion_tokens, spend, api_requests, successful_requests)
    SELECT team_id, to_char(now() AT TIME ZONE 'UTC' - d * INTERVAL '1 day', 'YYYY-MM-DD'), token, model, 'gpt-4.1', provider, 100, 10, spend, 3, 2
    FROM (VALUES ('marketing', encode(sha256('sk-app-of-marketing-0001'), 'hex'), 'gpt-4.1-2025', 'openai', 1.25), ('marketing', encode(sha256('sk-app-of-marketing-0001'), 'hex'), 'gpt-4.1-2025', 'azure', 0.5),
        ('marketing', 'a key that is gone', 'gpt-4.1-2025', 'openai', 0.125), ('research', 'another', 'gpt-4.1-2025', 'openai', -3)) AS used (team_id, token, model, provider, spend), generate_series(0, 9) d
    UNION ALL SELECT 'marketing', '2020-01-01', 'another', 'm', NULL, 'openai', 1, 1, 1000, 1, 1;
INSERT INTO "LiteLLM_DailyUserSpend" (user_id, date, api_key, model, model_group, custom_llm_provider, spend, api_requests)
    SELECT 'default_user_id', date, api_key, model, model_group, custom_llm_provider, spend, 1 FROM "LiteLLM_DailyTeamSpend";
INSERT INTO "LiteLLM_DailyUserSpend" (user_id, date, api_key, model, spend, successful_requests)
    VALUES ('bob', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD'), encode(sha256('sk-blocked-without-team3'), 'hex'), 'gpt-4.1', 0.25, 1);
-- A call of the time before there were sums of days; r1 of today stands in them already.
INSERT INTO "LiteLLM_SpendLogs" (request_id, api_key, spend, "startTime", model_group, team_id, prompt_tokens, completion_tokens) VALUES
    ('r4', encode(sha256('sk-app-of-marketing-0001'), 'hex'), 0.75, now() AT TIME ZONE 'UTC' - INTERVAL '20 days', 'claude', 'marketing', 7, 3);
