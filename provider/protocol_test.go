package provider_test

import (
	"context"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// protocol calls the provider as a Terraform would that is newer than the one the tests have.
type protocol struct {
	t      testing.TB
	ctx    context.Context
	server tfprotov6.ProviderServer
	// endpoint is the gateway's, for one that is configured.
	endpoint string
	schemas  *tfprotov6.GetProviderSchemaResponse
}

// object is an object in a call, by attribute.
type object = map[string]any

// newProtocol returns a provider that has its schemas only, as Terraform moves state with.
func newProtocol(t testing.TB) *protocol {
	t.Helper()
	p := &protocol{t: t, ctx: t.Context(), server: provider.Server("test")()}
	var err error
	p.schemas, err = p.server.GetProviderSchema(p.ctx, &tfprotov6.GetProviderSchemaRequest{})
	p.must(err, p.schemas.Diagnostics)
	return p
}

// protocol returns a provider that is configured for the gateway.
func (g *gateway) protocol() *protocol {
	g.t.Helper()
	p := newProtocol(g.t)
	p.endpoint = g.URL
	p.configure()
	return p
}

func (p *protocol) configure() {
	p.t.Helper()
	configured, err := p.server.ConfigureProvider(p.ctx, &tfprotov6.ConfigureProviderRequest{
		Config: p.dynamic(object{"endpoint": p.endpoint, "admin_key": adminKey, "max_retries": 1}),
	})
	p.must(err, configured.Diagnostics)
}

func (p *protocol) must(err error, diagnostics []*tfprotov6.Diagnostic) {
	p.t.Helper()
	if err != nil || len(diagnostics) > 0 {
		p.t.Fatal(err, said(diagnostics))
	}
}

func (p *protocol) dynamic(value object) *tfprotov6.DynamicValue {
	p.t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		p.t.Fatal(err)
	}
	return &tfprotov6.DynamicValue{JSON: encoded}
}

func (p *protocol) identityType(typeName string) tftypes.Type {
	p.t.Helper()
	schemas, err := p.server.GetResourceIdentitySchemas(p.ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	p.must(err, schemas.Diagnostics)
	schema := schemas.IdentitySchemas[typeName]
	if schema == nil {
		p.t.Fatalf("%s has no identity", typeName)
	}
	return schema.ValueType()
}

// resource reads the state of a resource; nil when there is none.
func (p *protocol) resource(typeName string, value *tfprotov6.DynamicValue) object {
	p.t.Helper()
	return p.decode(p.schemas.ResourceSchemas[typeName].ValueType(), value)
}

func (p *protocol) identity(typeName string, data *tfprotov6.ResourceIdentityData) object {
	p.t.Helper()
	if data == nil {
		return nil
	}
	return p.decode(p.identityType(typeName), data.IdentityData)
}

// decode makes plain values: object, []any, string, json.Number, bool and nil.
func (p *protocol) decode(valueType tftypes.Type, dynamic *tfprotov6.DynamicValue) object {
	p.t.Helper()
	value, err := dynamic.Unmarshal(valueType)
	if err != nil {
		p.t.Fatal(err)
	}
	decoded, _ := plain(p.t, value).(object)
	return decoded
}

func plain(t testing.TB, value tftypes.Value) any {
	t.Helper()
	if value.IsNull() {
		return nil
	}
	var attributes map[string]tftypes.Value
	if value.As(&attributes) == nil {
		decoded := object{}
		for name, attribute := range attributes {
			decoded[name] = plain(t, attribute)
		}
		return decoded
	}
	var elements []tftypes.Value
	if value.As(&elements) == nil {
		decoded := []any{}
		for _, element := range elements {
			decoded = append(decoded, plain(t, element))
		}
		return decoded
	}
	return scalar(t, value)
}

// said is all text of diagnostics.
func said(diagnostics []*tfprotov6.Diagnostic) string {
	var text strings.Builder
	for _, diagnostic := range diagnostics {
		text.WriteString(diagnostic.Severity.String() + ": " + diagnostic.Summary + ": " + diagnostic.Detail + "\n")
	}
	return text.String()
}

func scalar(t testing.TB, value tftypes.Value) any {
	t.Helper()
	var text string
	if value.As(&text) == nil {
		return text
	}
	var yes bool
	if value.As(&yes) == nil {
		return yes
	}
	number := new(big.Float)
	if err := value.As(&number); err != nil {
		t.Fatalf("%s is of no known type: %s", value, err)
	}
	return json.Number(number.Text('f', -1))
}

func TestProvider_actionsListsAndIdentitiesAreDescribed(t *testing.T) {
	p := newProtocol(t)
	described := func(name string, block *tfprotov6.SchemaBlock) {
		if block.Description == "" {
			t.Errorf("%s is not described", name)
		}
		for _, attribute := range block.Attributes {
			if attribute.Description == "" {
				t.Errorf("%s.%s is not described", name, attribute.Name)
			}
		}
	}
	for name, action := range p.schemas.ActionSchemas {
		described("action "+name, action.Schema.Block)
	}
	for name, list := range p.schemas.ListResourceSchemas {
		described("list "+name, list.Block)
	}
	identities, err := p.server.GetResourceIdentitySchemas(p.ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	p.must(err, identities.Diagnostics)
	for name, identity := range identities.IdentitySchemas {
		for _, attribute := range identity.IdentityAttributes {
			if attribute.Description == "" || !attribute.RequiredForImport {
				t.Errorf("identity of %s: %+v", name, attribute)
			}
		}
	}
}
