-- What limits somebody at LiteLLM and has no counterpart here.
INSERT INTO "LiteLLM_BudgetTable" (budget_id, max_budget, allowed_models) VALUES ('five', 5, '{gpt-4.1}');
INSERT INTO "LiteLLM_TeamTable" (team_id, max_budget, budget_duration) VALUES ('web', 0, '24h'), ('odd', 10, '1 month');
INSERT INTO "LiteLLM_UserTable" (user_id, budget_duration, max_budget) VALUES ('ann', '30d', 10);
INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, team_id, allowed_routes, access_group_ids, object_permission_id, auto_rotate, metadata, max_parallel_requests) VALUES
    (encode(sha256('sk-the-application-of-web'), 'hex'), 'app', 'web', '{/chat/completions}', '{group-1}', 'permits', true, '{"service_account_id": "robot"}', 3);
INSERT INTO "LiteLLM_OrganizationMembership" (user_id, organization_id, budget_id) VALUES ('ann', 'acme', 'five'), ('bob', 'acme', NULL);
INSERT INTO "LiteLLM_DeprecatedVerificationToken" (token, active_token_id, revoke_at) VALUES
    (encode(sha256('sk-the-old-secret-of-app'), 'hex'), encode(sha256('sk-the-application-of-web'), 'hex'), now() AT TIME ZONE 'UTC' + INTERVAL '1 day'), ('long ago', 'another', '2020-01-01');
INSERT INTO "LiteLLM_JWTKeyMapping" (jwt_claim_name, jwt_claim_value, token, is_active) VALUES ('sub', 'robot', encode(sha256('sk-the-application-of-web'), 'hex'), true), ('sub', 'gone', 'another', false);
INSERT INTO "LiteLLM_EndUserTable" (user_id, budget_id, blocked) VALUES ('customer', 'five', false), ('banned', NULL, true), ('free', NULL, false);
INSERT INTO "LiteLLM_TagTable" (tag_name, budget_id) VALUES ('nightly', 'five'), ('plain', NULL);
INSERT INTO "LiteLLM_ProxyModelTable" (model_id, model_name, litellm_params, blocked) VALUES ('m-1', 'gpt-4.1', '{"model": "openai/gpt-4.1"}', true);
