-- A team with projects: one with a budget and a cap of a model, one that is blocked, one without keys, one whose id is odd.
INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, soft_budget, rpm_limit, model_max_budget) VALUES
    ('of flights', 100, 80, 60, '{"gpt-4.1": {"max_budget": 20, "budget_duration": "30d"}}'), ('of the closed', 10, NULL, NULL, NULL);
INSERT INTO "LiteLLM_TeamTable" (team_id, max_budget, spend) VALUES ('travel', 1000, 40);
INSERT INTO "LiteLLM_ProjectTable" (project_id, project_alias, team_id, budget_id, models, spend, model_rpm_limit, blocked) VALUES
    ('flights', 'Flight search', 'travel', 'of flights', '{gpt-4.1,claude}', 12.5, '{"claude": 5}', false), ('closed', NULL, 'travel', 'of the closed', NULL, 1, '{}', true),
    ('empty', NULL, 'travel', 'of the closed', NULL, 0, '{}', false), ('Hôtel 1', NULL, 'travel', 'of the closed', '{}', 3, '{}', false);
INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id, project_id, models, spend) VALUES
    (encode(sha256('sk-of-flights-without-models'), 'hex'), 'search', 'travel', 'flights', '{all-team-models}', 2),
    (encode(sha256('sk-of-flights-with-two-models'), 'hex'), 'booking', 'travel', 'flights', '{gpt-4.1,o3}', 10.5),
    (encode(sha256('sk-of-flights-with-one-other'), 'hex'), 'odd', 'travel', 'flights', '{o3}', 0),
    (encode(sha256('sk-of-the-project-that-is-closed'), 'hex'), 'closed', 'travel', 'closed', NULL, 1),
    (encode(sha256('sk-of-a-hotel-with-a-circumflex'), 'hex'), 'hotel', 'travel', 'Hôtel 1', NULL, 3),
    (encode(sha256('sk-of-a-project-that-is-gone'), 'hex'), 'stray', 'travel', 'gone', NULL, 0);
INSERT INTO "LiteLLM_SpendLogs" (request_id, api_key, spend, "startTime", model_group) VALUES
    ('f1', encode(sha256('sk-of-flights-without-models'), 'hex'), 2, now() AT TIME ZONE 'UTC', 'gpt-4.1'),
    ('f2', encode(sha256('sk-of-flights-with-two-models'), 'hex'), 3.5, now() AT TIME ZONE 'UTC', 'gpt-4.1');
