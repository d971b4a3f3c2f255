package provider_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// secretive are resources with a write-only secret, made by Terraform, and what changes that secret on the gateway.
func secretive(g *gateway) map[string]struct {
	config  func(secret string) object
	version func(object) any
	change  func()
	// begins is what stands before the secret in the configuration.
	begins string
} {
	return map[string]struct {
		config  func(secret string) object
		version func(object) any
		change  func()
		begins  string
	}{
		"bursar_model": {
			config: func(secret string) object {
				return object{"model_id": "m", "name": "gpt", "api_key_wo": secret, "api_key_wo_version": 1}
			},
			version: func(o object) any { return o["api_key_wo_version"] },
			change:  g.changeModel(func(f *api.ModelFields) { f.APIKey = new("sk-of-somebody-else") }),
		},
		"bursar_admin_key": {
			config: func(secret string) object {
				return object{"role": "viewer", "key_wo": "sk-" + secret, "key_wo_version": 1}
			},
			version: func(o object) any { return o["key_wo_version"] },
			begins:  "sk-",
			change: func() {
				for _, key := range must[[]api.AdminKey](g.t)(g.ListAdminKeys(g.t.Context())) {
					must[api.AdminKeyCreated](g.t)(g.RotateAdminKey(g.t.Context(), key.AdminKeyID, "", "", 0))
				}
			},
		},
		"bursar_alert_route": {
			config: func(secret string) object {
				return object{"alert_route_id": "r", "name": "r", "pagerduty": object{"routing_key_wo": secret, "routing_key_wo_version": 1}}
			},
			version: func(o object) any { return o["pagerduty"].(object)["routing_key_wo_version"] },
			change: g.changeRoute(func(f *api.AlertRouteFields) {
				f.AlertTargets = api.AlertTargets{PagerDuty: &api.PagerDutyTarget{RoutingKey: new("ffffffffffffffffffffffffffffffff")}}
			}),
		},
	}
}

const (
	sentSecret  = "0123456789abcdef0123456789abcdef"
	otherSecret = "fedcba9876543210fedcba9876543210"
)

// kept is a resource's private state.
func kept(t *testing.T, private []byte) map[string][]byte {
	t.Helper()
	values := map[string][]byte{}
	if err := json.Unmarshal(private, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// withDigests is private state as a provider left it when gateways answered plain digests of secrets.
func withDigests(t *testing.T, private []byte, secret string) []byte {
	t.Helper()
	former := map[string][]byte{}
	for name, value := range kept(t, private) {
		switch {
		case strings.HasPrefix(name, "secret_sent"):
		case strings.HasPrefix(name, "secret_fingerprint") && string(value) != `""`:
			former[strings.Replace(name, "fingerprint", "sha256", 1)] = []byte(`"` + digest(secret) + `"`)
		case strings.HasPrefix(name, "secret_fingerprint"):
			former[strings.Replace(name, "fingerprint", "sha256", 1)] = value
		default:
			former[name] = value
		}
	}
	encoded, err := json.Marshal(former)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func (p *protocol) readAgain(typeName string, state *tfprotov6.DynamicValue, private []byte) *tfprotov6.ReadResourceResponse {
	p.t.Helper()
	read, err := p.server.ReadResource(p.ctx, &tfprotov6.ReadResourceRequest{TypeName: typeName, CurrentState: state, Private: private})
	p.must(err, read.Diagnostics)
	return read
}

// warns plans a configuration over a state, and returns what is said.
func (p *protocol) warns(typeName string, state *tfprotov6.DynamicValue, config object, private []byte) string {
	p.t.Helper()
	planned, err := p.server.PlanResourceChange(p.ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: state, ProposedNewState: state, Config: p.dynamic(config), PriorPrivate: private,
	})
	p.must(err, nil)
	return said(planned.Diagnostics)
}

// What is kept of a secret recognises it, tells nobody what it is, and is made out of what states of before have:
// they plan nothing new, and lose their plain digests.
func TestAccSecret_stateRecognisesWhatWasSent(t *testing.T) {
	g := startGateway(t)
	p := g.protocol()
	for typeName, one := range secretive(g) {
		created := p.apply(typeName, nil, one.config(sentSecret), nil)
		for form, private := range map[string][]byte{"as made": created.Private, "of before": withDigests(t, created.Private, one.begins+sentSecret)} {
			read := p.readAgain(typeName, created.NewState, private)
			if got := one.version(p.resource(typeName, read.NewState)); got != one.version(p.resource(typeName, created.NewState)) {
				t.Errorf("%s, %s: the version of a secret that nobody changed is %v", typeName, form, got)
			}
			values := kept(t, read.Private)
			for name, value := range values {
				if strings.Contains(string(value), digest(one.begins+sentSecret)) {
					t.Errorf("%s, %s: %s has the plain digest", typeName, form, name)
				}
			}
			if names := slices.Sorted(maps.Keys(values)); !strings.Contains(strings.Join(names, " "), "secret_sent") {
				t.Errorf("%s, %s: nothing recognises what was sent, there are %v", typeName, form, names)
			}
			if got := p.warns(typeName, read.NewState, one.config(sentSecret), read.Private); got != "" {
				t.Errorf("%s, %s: the same secret is answered with %s", typeName, form, got)
			}
			if got := p.warns(typeName, read.NewState, one.config(otherSecret), read.Private); !strings.Contains(got, "changed, version not") {
				t.Errorf("%s, %s: another secret is answered with %q", typeName, form, got)
			}
		}
	}
}

// After a state of before was read once, a secret that is changed on the gateway shows as ever.
func TestAccSecret_stateOfBeforeShowsDrift(t *testing.T) {
	g := startGateway(t)
	p := g.protocol()
	for typeName, one := range secretive(g) {
		created := p.apply(typeName, nil, one.config(sentSecret), nil)
		read := p.readAgain(typeName, created.NewState, withDigests(t, created.Private, one.begins+sentSecret))
		one.change()
		again := p.readAgain(typeName, read.NewState, read.Private)
		if before, after := one.version(p.resource(typeName, read.NewState)), one.version(p.resource(typeName, again.NewState)); before == after {
			t.Errorf("%s: the version stays %v when the secret is changed on the gateway", typeName, after)
		}
	}
}
