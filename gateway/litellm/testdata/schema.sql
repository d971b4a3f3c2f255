-- The tables of a LiteLLM database, as far as the import reads them, written anew from their documented columns.
CREATE TABLE "LiteLLM_BudgetTable" (
    budget_id text PRIMARY KEY, max_budget double precision, soft_budget double precision, max_parallel_requests integer,
    tpm_limit bigint, rpm_limit bigint, model_max_budget jsonb, budget_duration text, budget_reset_at timestamp(3), allowed_models text[] DEFAULT '{}');
CREATE TABLE "LiteLLM_OrganizationTable" (
    organization_id text PRIMARY KEY, organization_alias text NOT NULL, budget_id text NOT NULL, metadata jsonb NOT NULL DEFAULT '{}',
    models text[], spend double precision NOT NULL DEFAULT 0);
CREATE TABLE "LiteLLM_ModelTable" (id serial PRIMARY KEY, aliases jsonb);
CREATE TABLE "LiteLLM_TeamTable" (
    team_id text PRIMARY KEY, team_alias text, organization_id text, members_with_roles jsonb NOT NULL DEFAULT '{}', metadata jsonb NOT NULL DEFAULT '{}',
    max_budget double precision, soft_budget double precision, spend double precision NOT NULL DEFAULT 0, models text[],
    max_parallel_requests integer, tpm_limit bigint, rpm_limit bigint, budget_duration text, budget_reset_at timestamp(3),
    blocked boolean NOT NULL DEFAULT false, model_max_budget jsonb NOT NULL DEFAULT '{}', team_member_permissions text[] DEFAULT '{}', model_id integer,
    access_group_ids text[] DEFAULT '{}', policies text[] DEFAULT '{}', object_permission_id text, budget_fallbacks jsonb);
CREATE TABLE "LiteLLM_UserTable" (
    user_id text PRIMARY KEY, user_alias text, user_email text, user_role text, teams text[] DEFAULT '{}', models text[], metadata jsonb NOT NULL DEFAULT '{}',
    max_budget double precision, spend double precision NOT NULL DEFAULT 0, max_parallel_requests integer, tpm_limit bigint, rpm_limit bigint,
    budget_duration text, budget_reset_at timestamp(3), model_max_budget jsonb NOT NULL DEFAULT '{}', policies text[] DEFAULT '{}', object_permission_id text);
CREATE TABLE "LiteLLM_TeamMembership" (
    user_id text, team_id text, spend double precision NOT NULL DEFAULT 0, budget_id text, PRIMARY KEY (user_id, team_id));
CREATE TABLE "LiteLLM_VerificationToken" (
    token text PRIMARY KEY, key_name text, key_alias text, spend double precision NOT NULL DEFAULT 0, expires timestamp(3), models text[],
    aliases jsonb NOT NULL DEFAULT '{}', user_id text, team_id text, permissions jsonb NOT NULL DEFAULT '{}', max_parallel_requests integer,
    metadata jsonb NOT NULL DEFAULT '{}', blocked boolean, tpm_limit bigint, rpm_limit bigint, max_budget double precision, budget_duration text,
    budget_reset_at timestamp(3), allowed_routes text[] DEFAULT '{}', model_max_budget jsonb NOT NULL DEFAULT '{}', budget_id text, organization_id text,
    project_id text, access_group_ids text[] DEFAULT '{}', object_permission_id text, budget_limits jsonb, auto_rotate boolean DEFAULT false,
    policies text[] DEFAULT '{}', budget_fallbacks jsonb);
CREATE TABLE "LiteLLM_ProxyModelTable" (
    model_id text PRIMARY KEY, model_name text NOT NULL, litellm_params jsonb NOT NULL, model_info jsonb, blocked boolean NOT NULL DEFAULT false);
CREATE TABLE "LiteLLM_SpendLogs" (
    request_id text PRIMARY KEY, api_key text NOT NULL DEFAULT '', spend double precision NOT NULL DEFAULT 0, "startTime" timestamp(3) NOT NULL,
    model text NOT NULL DEFAULT '', model_group text DEFAULT '', "user" text DEFAULT '', team_id text,
    prompt_tokens integer NOT NULL DEFAULT 0, completion_tokens integer NOT NULL DEFAULT 0);
CREATE TABLE "LiteLLM_EndUserTable" (user_id text PRIMARY KEY, spend double precision NOT NULL DEFAULT 0, budget_id text, blocked boolean NOT NULL DEFAULT false);
CREATE TABLE "LiteLLM_DailyTeamSpend" (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text, team_id text, date text NOT NULL, api_key text NOT NULL, model text, model_group text, custom_llm_provider text,
    prompt_tokens bigint NOT NULL DEFAULT 0, completion_tokens bigint NOT NULL DEFAULT 0, cache_read_input_tokens bigint NOT NULL DEFAULT 0, cache_creation_input_tokens bigint NOT NULL DEFAULT 0,
    spend double precision NOT NULL DEFAULT 0, api_requests bigint NOT NULL DEFAULT 0, successful_requests bigint NOT NULL DEFAULT 0, failed_requests bigint NOT NULL DEFAULT 0);
CREATE TABLE "LiteLLM_DailyUserSpend" (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text, user_id text, date text NOT NULL, api_key text NOT NULL, model text, model_group text, custom_llm_provider text,
    prompt_tokens bigint NOT NULL DEFAULT 0, completion_tokens bigint NOT NULL DEFAULT 0, cache_read_input_tokens bigint NOT NULL DEFAULT 0, cache_creation_input_tokens bigint NOT NULL DEFAULT 0,
    spend double precision NOT NULL DEFAULT 0, api_requests bigint NOT NULL DEFAULT 0, successful_requests bigint NOT NULL DEFAULT 0, failed_requests bigint NOT NULL DEFAULT 0);
CREATE TABLE "LiteLLM_ProjectTable" (
    project_id text PRIMARY KEY, project_alias text, description text, team_id text, budget_id text, metadata jsonb NOT NULL DEFAULT '{}', models text[],
    spend double precision NOT NULL DEFAULT 0, model_rpm_limit jsonb NOT NULL DEFAULT '{}', model_tpm_limit jsonb NOT NULL DEFAULT '{}', blocked boolean NOT NULL DEFAULT false);
CREATE TABLE "LiteLLM_TagTable" (tag_name text PRIMARY KEY, models text[], spend double precision NOT NULL DEFAULT 0, budget_id text);
CREATE TABLE "LiteLLM_OrganizationMembership" (
    user_id text, organization_id text, user_role text, spend double precision DEFAULT 0, budget_id text, PRIMARY KEY (user_id, organization_id));
CREATE TABLE "LiteLLM_DeprecatedVerificationToken" (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text, token text NOT NULL UNIQUE, active_token_id text NOT NULL, revoke_at timestamp(3) NOT NULL);
CREATE TABLE "LiteLLM_JWTKeyMapping" (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text, jwt_claim_name text NOT NULL, jwt_claim_value text NOT NULL, token text NOT NULL, is_active boolean NOT NULL DEFAULT true);
