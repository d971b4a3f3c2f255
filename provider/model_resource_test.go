package provider_test

import (
	"cmp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const fullModel = `
resource "bursar_model" "m" {
  model_id           = "m"
  name               = "gpt"
  upstream           = "azure"
  base_url           = "https://example.openai.azure.com"
  api_version        = "2024-10-21"
  api_key_wo         = "canary-one"
  api_key_wo_version = 1
  upstream_model     = "ours"
  aliases            = ["fast"]
  access_groups      = ["beta"]
  base_model         = "gpt-4.1"
  max_input_tokens   = 32000
  max_output_tokens  = 1000
  min_output_tokens  = 512
  weight             = 0
  rpm                = 10
  tpm                = 2000
  tpm_counts_cached  = false
  enabled            = false
  metadata           = { owner = "ada", floor = 2 }
  price = {
    input_per_million_usd          = 10 / 3
    output_per_million_usd         = 0.075
    cached_input_per_million_usd   = 0
    cache_write_per_million_usd    = 1
    cache_write_1h_per_million_usd = 2
    audio_input_per_million_usd    = 3
    image_input_per_million_usd    = 4
    reasoning_per_million_usd      = 5
    audio_output_per_million_usd   = 6
    image_output_per_million_usd   = 7
    request_usd                    = 0.0000001
    characters_per_million_usd     = 8
    audio_hour_usd                 = 0.36
    tiers                          = [{ above_prompt_tokens = 200000, input_per_million_usd = 2.5, output_per_million_usd = 15 }]
    flex                           = { input_per_million_usd = 0.1, output_per_million_usd = 0.2 }
    priority                       = { input_per_million_usd = 20, output_per_million_usd = 30 }
    batch = {
      input_per_million_usd  = 1
      output_per_million_usd = 2
      tiers                  = [{ above_prompt_tokens = 1, input_per_million_usd = 3, output_per_million_usd = 4 }]
    }
    images = [{ size = "1024x1024", quality = "high", usd = 0.17 }, { usd = 0.04 }]
    search = { low_usd = 0.01, medium_usd = 0.02, high_usd = 0.03 }
  }
}
`

const plainModel = `
resource "bursar_model" "m" {
  model_id = "m"
  name     = "gpt"
}
`

const theModel = "bursar_model.m"

func (g *gateway) changeModel(change func(*api.ModelFields)) func() {
	return func() {
		g.t.Helper()
		model := must[api.Model](g.t)(g.GetModel(g.t.Context(), "m"))
		change(&model.ModelFields)
		if model.APIKeyFingerprint != "" { // whoever leads the model elsewhere gives the credential again
			model.APIKey = cmp.Or(model.APIKey, new("canary-one"))
		}
		must[api.Model](g.t)(g.UpdateModel(g.t.Context(), "m", model.ModelFields, 0))
	}
}

func (g *gateway) modelFingerprint() string {
	g.t.Helper()
	return must[api.Model](g.t)(g.GetModel(g.t.Context(), "m")).APIKeyFingerprint
}

func TestAccModel_createUpdateImport(t *testing.T) {
	g := startGateway(t)
	exact := replace(fullModel, "10 / 3", "3.333333333")
	run(t,
		resource.TestStep{Config: g.config(fullModel), ConfigStateChecks: noCanary()},
		resource.TestStep{Config: g.config(fullModel), ConfigPlanChecks: nothing()},
		resource.TestStep{Config: g.config(exact), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config:           g.config(replace(exact, "usd = 0.04", "usd = 0.05")),
			ConfigPlanChecks: onlyChanges(theModel, changes{"price.images.1.usd": "0.04 -> 0.05"}),
		},
		resource.TestStep{
			Config:           g.config(replace(exact, `owner = "ada"`, `owner = "bob"`)),
			ConfigPlanChecks: onlyChanges(theModel, changes{"metadata.owner": `"ada" -> "bob"`, "price.images.1.usd": "0.05 -> 0.04"}),
		},
		resource.TestStep{Config: g.config(plainModel)},
		resource.TestStep{
			PreConfig: func() {
				if g.modelFingerprint() != "" {
					t.Error("the key was not taken off")
				}
			},
			Config: g.config(plainModel), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{Config: g.config(replace(plainModel, `model_id = "m"`, `model_id = "other"`)), ConfigPlanChecks: willReplace(theModel)},
		resource.TestStep{Config: g.config(replace(plainModel, "  model_id = \"m\"\n", "")), ConfigPlanChecks: nothing()},
		resource.TestStep{Config: g.config(memberTeam)},
		resource.TestStep{
			PreConfig: func() {
				if models := must[[]api.Model](t)(g.ListModels(t.Context())); len(models) != 0 {
					t.Errorf("models are left: %v", models)
				}
			},
			Config: g.config(memberTeam), ConfigPlanChecks: nothing(),
		},
	)
}

func TestAccModel_importedPlanIsEmpty(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(replace(fullModel, "10 / 3", "3.333333333"))},
		resource.TestStep{
			Config: g.config(replace(fullModel, "10 / 3", "3.333333333")), ResourceName: theModel, ImportState: true, ImportStateId: "m",
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "model_id",
		},
		resource.TestStep{Config: g.config(`
removed {
  from = bursar_model.m
  lifecycle { destroy = false }
}
`)},
		resource.TestStep{
			Config:           g.config("import {\n  to = bursar_model.m\n  id = \"m\"\n}\n", replace(fullModel, "10 / 3", "3.333333333")),
			ConfigPlanChecks: nothingButImports(1),
		},
	)
}

func TestAccModel_keyDrifts(t *testing.T) {
	g := startGateway(t)
	setKey := func(key string) func() { return g.changeModel(func(f *api.ModelFields) { f.APIKey = &key }) }
	var configured string
	same := func() {
		if g.modelFingerprint() != configured {
			t.Error("the configured key is not back")
		}
	}
	version := func(before, after string) resource.ConfigPlanChecks {
		return onlyChanges(theModel, changes{"api_key_wo_version": before + " -> " + after})
	}
	run(t,
		resource.TestStep{Config: g.config(fullModel)},
		resource.TestStep{
			PreConfig: func() { configured = g.modelFingerprint(); setKey("canary-two")() },
			Config:    g.config(fullModel), ConfigPlanChecks: version("0", "1"),
		},
		resource.TestStep{PreConfig: func() { same(); setKey("")() }, Config: g.config(fullModel), ConfigPlanChecks: version("", "1")},
		resource.TestStep{
			PreConfig: same, ConfigPlanChecks: version("1", "2"),
			Config: g.config(replace(replace(fullModel, "canary-one", "canary-two"), "version = 1", "version = 2")),
		},
		resource.TestStep{
			PreConfig: func() {
				if g.modelFingerprint() == configured {
					t.Error("the new key was not sent")
				}
			},
			Config: g.config(plainModel),
		},
		resource.TestStep{PreConfig: setKey("canary-two"), Config: g.config(plainModel), ConfigPlanChecks: version("0", "")},
	)
}

func TestAccModel_existingOneAnswersWithTheImport(t *testing.T) {
	g := startGateway(t)
	must[api.Model](t)(g.CreateModel(t.Context(), "m", api.ModelFields{Name: "gpt", Upstream: "openai"}))
	run(t, resource.TestStep{Config: g.config(plainModel), ExpectError: says("terraform import bursar_model.NAME m")})
}

// A key that only the gateway has is nothing that Terraform holds: it may be changed there.
func TestAccModel_adoptedKeyMayChange(t *testing.T) {
	g := startGateway(t)
	model := api.NewModel("m")
	model.Name, model.APIKey = "gpt", new("sk-canary-of-openai")
	must[api.Model](t)(g.CreateModel(t.Context(), "m", model.ModelFields))
	adopted := "resource \"bursar_model\" \"m\" {\n  name = \"gpt\"\n  api_key_wo_version = 1\n}\n"
	replaced := g.changeModel(func(f *api.ModelFields) { f.APIKey = new("sk-canary-another") })
	var another string
	run(t,
		resource.TestStep{Config: g.config("import {\n  to = bursar_model.m\n  id = \"m\"\n}\n", adopted), ConfigPlanChecks: nothingButImports(1)},
		resource.TestStep{PreConfig: func() { replaced(); another = g.modelFingerprint() }, Config: g.config(adopted), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config: g.config(replace(adopted, "name", "weight = 3\n  name")), ConfigPlanChecks: onlyChanges(theModel, changes{"weight": "1 -> 3"}),
		},
		resource.TestStep{
			PreConfig: func() {
				if g.modelFingerprint() != another {
					t.Error("the key was changed")
				}
			},
			Config: g.config(adopted), ConfigPlanChecks: onlyChanges(theModel, changes{"weight": "3 -> 1"}),
		},
	)
}
