-- A team and its application.
INSERT INTO "LiteLLM_TeamTable" (team_id, max_budget, spend, budget_duration, budget_reset_at) VALUES ('web', 500, 12.3, '30d', '2099-01-01');
INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id, spend) VALUES (encode(sha256('sk-the-application-of-web'), 'hex'), 'app', 'web', 12.3);
