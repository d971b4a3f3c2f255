package litellm_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
)

const litellmConfig = `
model_list:
  - model_name: gpt-4.1
    litellm_params: {model: openai/gpt-4.1, api_key: os.environ/OPENAI_API_KEY, rpm: 480, timeout: 300}
    model_info: {id: first, access_groups: [fast]}
  - model_name: gpt-4.1
    litellm_params:
      model: azure/my-deployment
      api_base: os.environ/AZURE_API_BASE
      api_key: os.environ/AZURE_API_KEY
      api_version: "2024-10-21"
      weight: 3
    model_info: {base_model: azure/gpt-4.1}
  - model_name: claude
    litellm_params: {model: claude-sonnet-4-5, api_key: sk-ant-in-clear-text, temperature: 0.2}
  - model_name: anthropic/*
    litellm_params: {model: anthropic/*, api_key: os.environ/ANTHROPIC_API_KEY}
  - model_name: own
    litellm_params: {model: hosted_vllm/llama, api_base: http://vllm:8000/v1, input_cost_per_token: 4e-07, output_cost_per_token: 0}
  - model_name: titan
    litellm_params: {model: bedrock/titan}
litellm_settings:
  drop_params: true
  max_budget: 1000
  budget_duration: 30d
  success_callback: [langfuse]
  fallbacks: [{gpt-4.1: [claude]}]
router_settings:
  num_retries: 2
  timeout: 30
  cooldown_time: 60
  model_group_alias: {gpt-4: gpt-4.1}
  redis_url: os.environ/REDIS_URL
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
  database_url: postgresql://u:database-password@host/litellm
  something_new: 5
`

// What is written can be served, means what LiteLLM's file did, and all that it does not mean is told.
func TestConfig(t *testing.T) {
	var out, report bytes.Buffer
	found, err := litellm.Config([]byte(litellmConfig), &out)
	if err != nil {
		t.Fatal(err)
	}
	found.Write(&report)
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{
		"OPENAI_API_KEY": "sk-o", "AZURE_API_BASE": "https://us.openai.azure.com", "AZURE_API_KEY": "a", "ANTHROPIC_API_KEY": "sk-ant",
		"REDIS_URL": "redis://127.0.0.1:6379/1", "LITELLM_MASTER_KEY": "sk-the-master-key-of-litellm",
	}
	settings, err := config.Load(path, func(name string) string { return environment[name] })
	if err != nil {
		t.Fatalf("what is written cannot be served: %v\n%s", err, out.String())
	}
	if settings.AdminKey != environment["LITELLM_MASTER_KEY"] || settings.RedisURL != environment["REDIS_URL"] || len(settings.Models) != 5 {
		t.Errorf("got %d models, admin key and Redis of:\n%s", len(settings.Models), out.String())
	}
	for _, want := range []string{
		"upstream: azure", "base_model: gpt-4.1", "weight: 3", "rpm: 480", "- fast", "- gpt-4", "model_id: first", "upstream_model: claude-sonnet-4-5",
		"input_per_million_usd: 0.4", "output_per_million_usd: 0", "retries: 2", "timeout: 30s", "cooldown: 60s", "everything: true", "max_budget: 1000", "budget_duration: 30d",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
	for _, want := range []string{
		"IMPORTANT: provider bedrock is not spoken", "model_list[5] titan", "IMPORTANT: another model is never called", "litellm_settings.fallbacks",
		"litellm_params.temperature", "clear text", "general_settings.database_url", "general_settings.something_new", "litellm_settings.success_callback",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, report.String())
		}
	}
	for _, secret := range []string{"database-password", "in-clear-text"} {
		if strings.Contains(report.String(), secret) {
			t.Errorf("the report shows %q", secret)
		}
	}
	if strings.Contains(out.String(), "database-password") {
		t.Error("LiteLLM's own database is taken for the gateway's")
	}
}

func TestConfig_refuses(t *testing.T) {
	for _, bad := range []string{"model_list: [", "model_list: 5", "- a"} {
		if _, err := litellm.Config([]byte(bad), &bytes.Buffer{}); err == nil {
			t.Errorf("%q is taken for a configuration", bad)
		}
	}
}
