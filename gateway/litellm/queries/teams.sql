-- Aliases of models stand in a table of their own.
SELECT (to_jsonb(t) || jsonb_build_object('litellm_model_table', (
    SELECT jsonb_build_object('model_aliases', m.aliases) FROM "LiteLLM_ModelTable" m WHERE m.id = t.model_id
)))::text
FROM "LiteLLM_TeamTable" t
