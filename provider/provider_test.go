package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/function"
	fwprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider"
)

func TestProvider_schemasAreWellFormed(t *testing.T) {
	ctx := t.Context()
	p := provider.New("test")()
	var own fwprovider.SchemaResponse
	p.Schema(ctx, fwprovider.SchemaRequest{}, &own)
	if diags := own.Schema.ValidateImplementation(ctx); diags.HasError() {
		t.Error(diags)
	}
	for _, newResource := range p.Resources(ctx) {
		var name fwresource.MetadataResponse
		var got fwresource.SchemaResponse
		newResource().Metadata(ctx, fwresource.MetadataRequest{}, &name)
		newResource().Schema(ctx, fwresource.SchemaRequest{}, &got)
		if diags := got.Schema.ValidateImplementation(ctx); diags.HasError() {
			t.Error(name.TypeName, diags)
		}
		describedResource(t, name.TypeName, got.Schema.Attributes)
	}
	for _, newDataSource := range p.DataSources(ctx) {
		var name datasource.MetadataResponse
		var got datasource.SchemaResponse
		newDataSource().Metadata(ctx, datasource.MetadataRequest{}, &name)
		newDataSource().Schema(ctx, datasource.SchemaRequest{}, &got)
		if diags := got.Schema.ValidateImplementation(ctx); diags.HasError() {
			t.Error(name.TypeName, diags)
		}
		describedDataSource(t, name.TypeName, got.Schema.Attributes)
	}
}

func TestProvider_functionsAreWellFormed(t *testing.T) {
	ctx := t.Context()
	functions, _ := provider.New("test")().(fwprovider.ProviderWithFunctions)
	for _, newFunction := range functions.Functions(ctx) {
		var name function.MetadataResponse
		var got function.DefinitionResponse
		newFunction().Metadata(ctx, function.MetadataRequest{}, &name)
		newFunction().Definition(ctx, function.DefinitionRequest{}, &got)
		var checked function.DefinitionValidateResponse
		got.Definition.ValidateImplementation(ctx, function.DefinitionValidateRequest{FuncName: name.Name}, &checked)
		if checked.Diagnostics.HasError() || got.Definition.Summary == "" || got.Definition.MarkdownDescription == "" {
			t.Error(name.Name, "is not described:", checked.Diagnostics)
		}
		for _, parameter := range got.Definition.Parameters {
			if parameter.GetMarkdownDescription() == "" {
				t.Errorf("%s(%s) is not described", name.Name, parameter.GetName())
			}
		}
	}
}

func TestProvider_ephemeralSchemasAreWellFormed(t *testing.T) {
	ctx := t.Context()
	ephemerals, _ := provider.New("test")().(fwprovider.ProviderWithEphemeralResources)
	for _, newEphemeral := range ephemerals.EphemeralResources(ctx) {
		var got ephemeral.SchemaResponse
		newEphemeral().Schema(ctx, ephemeral.SchemaRequest{}, &got)
		if diags := got.Schema.ValidateImplementation(ctx); diags.HasError() {
			t.Error(diags)
		}
		for attribute, a := range got.Schema.Attributes {
			if a.GetMarkdownDescription() == "" {
				t.Errorf("ephemeral %s is not described", attribute)
			}
		}
	}
}

func describedResource(t *testing.T, name string, attributes map[string]schema.Attribute) {
	t.Helper()
	for attribute, a := range attributes {
		if a.GetMarkdownDescription() == "" {
			t.Errorf("%s.%s is not described", name, attribute)
		}
		if nested, ok := a.(schema.SingleNestedAttribute); ok {
			describedResource(t, name+"."+attribute, nested.Attributes)
		}
	}
}

func describedDataSource(t *testing.T, name string, attributes map[string]datasourceschema.Attribute) {
	t.Helper()
	for attribute, a := range attributes {
		if a.GetMarkdownDescription() == "" {
			t.Errorf("%s.%s is not described", name, attribute)
		}
		if nested, ok := a.(datasourceschema.ListNestedAttribute); ok {
			describedDataSource(t, name+"."+attribute, nested.NestedObject.Attributes)
		}
	}
}

// block is a provider block before a plain team.
func block(attributes string) string {
	return "provider \"bursar\" {\n" + attributes + "\n}\n" + plainTeam
}

func TestAccProvider_wrongSettingsNameTheAttribute(t *testing.T) {
	g := startGateway(t)
	var calls atomic.Int32
	g.between(func(http.ResponseWriter, *http.Request, http.Handler) { calls.Add(1) })
	missing := func(attributes, want string) resource.TestStep {
		return resource.TestStep{Config: block(attributes), ExpectError: says(want)}
	}
	run(t,
		missing("", "Set endpoint in the provider block, or the environment variable BURSAR_ENDPOINT"),
		missing(fmt.Sprintf("endpoint = %q", g.URL), "Set admin_key in the provider block, or the environment variable BURSAR_ADMIN_KEY"),
		missing(fmt.Sprintf("endpoint = %q\nadmin_key = \"sk-canary with a space\"", g.URL), "The admin key holds a space"),
		missing(`endpoint = "gateway:4000"`, "endpoint = \"gateway:4000\"\n\nThe endpoint is not an http or https address"),
		missing(`endpoint = "https://ada:canary@gateway"`, "The endpoint must not carry a user or password"),
		missing("max_retries = -1", "max_retries = -1"),
	)
	if calls.Load() != 0 {
		t.Errorf("the gateway was called %d times", calls.Load())
	}
}

func TestAccProvider_environment(t *testing.T) {
	g := startGatewayAlone(t)
	t.Setenv("BURSAR_ENDPOINT", g.URL)
	t.Setenv("BURSAR_ADMIN_KEY", adminKey)
	t.Setenv("BURSAR_CHANGE_REASON", "BUDGET-7")
	var reason, actor atomic.Value
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		reason.Store(r.Header.Get(api.HeaderChangeReason))
		actor.Store(r.Header.Get(api.HeaderActor))
		next.ServeHTTP(w, r)
	})
	run(t,
		resource.TestStep{Config: plainTeam},
		resource.TestStep{
			PreConfig: func() {
				if who, is := g.team("marketing").CreatedBy, actor.Load(); who != is || !regexp.MustCompile(`^terraform( \(.+\))?$`).MatchString(who) {
					t.Errorf("made by %q, sent %q", who, is)
				}
			},
			Config: plainTeam,
		},
	)
	if reason.Load() != "BUDGET-7" {
		t.Errorf("reason: %v", reason.Load())
	}
}

func TestAccProvider_wrongAdminKey(t *testing.T) {
	g := startGateway(t)
	run(t, resource.TestStep{
		Config:      block(fmt.Sprintf("endpoint = %q\nadmin_key = \"sk-some-other-key-0123456789\"", g.URL)),
		ExpectError: says("The gateway does not accept the provider's admin_key (or BURSAR_ADMIN_KEY)"),
	})
	if teams := must[[]api.Team](t)(g.ListTeams(t.Context())); len(teams) != 0 {
		t.Errorf("%d teams were made", len(teams))
	}
}

func TestAccProvider_noGateway(t *testing.T) {
	g := startGateway(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	config := block(fmt.Sprintf("endpoint = %q\nadmin_key = %q\nmax_retries = 0", closed.URL, adminKey))
	run(t,
		// A plan that only creates could be made, but neither be judged nor applied.
		resource.TestStep{Config: config, PlanOnly: true, ExpectError: says("No answer from the gateway at " + closed.URL)},
		resource.TestStep{Config: g.config(plainTeam)},
		resource.TestStep{Config: config, ExpectError: says("connection refused")}, // the team is not lost
		resource.TestStep{Config: g.config(plainTeam), ConfigPlanChecks: nothing()},
	)
}

// A gateway that the same configuration installs has no address before the apply.
func TestAccProvider_addressKnownAfterApply(t *testing.T) {
	g := startGateway(t)
	run(t, resource.TestStep{
		Config: fmt.Sprintf("resource \"terraform_data\" \"installation\" {\n  input = %q\n}\n", g.URL) +
			block(fmt.Sprintf("endpoint = terraform_data.installation.output\nadmin_key = %q", adminKey)),
	})
}

// A reason that is known after apply only is no reason not to plan.
func TestAccProvider_reasonKnownAfterApply(t *testing.T) {
	g := startGateway(t)
	because := func(run string) string {
		return fmt.Sprintf("resource \"terraform_data\" \"run\" {\n  triggers_replace = %q\n}\n", run) +
			block(fmt.Sprintf("endpoint = %q\nadmin_key = %q\nchange_reason = \"run ${terraform_data.run.id}\"\nmax_retries = terraform_data.run.id == \"\" ? 1 : 2", g.URL, adminKey))
	}
	run(t,
		resource.TestStep{Config: because("first")},
		resource.TestStep{Config: because("second"), ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
			plancheck.ExpectResourceAction("bursar_team.marketing", plancheck.ResourceActionNoop),
		}}},
	)
}
