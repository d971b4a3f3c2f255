SELECT to_jsonb(t)::text FROM "LiteLLM_BudgetTable" t
