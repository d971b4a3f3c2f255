package provider_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	fwresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// driftCase is one change behind Terraform's back and all that the next plan must show of it. F are the
// fields of the object in the API.
type driftCase[F any] struct {
	config string
	change func(*F)
	want   changes
}

// driftSteps applies each case's configuration, changes the object, and demands the plan.
func driftSteps[F any](g *gateway, address string, cases []driftCase[F], behind func(func(*F)) func()) []resource.TestStep {
	var steps []resource.TestStep
	applied := ""
	for _, c := range cases {
		if c.config != applied {
			steps = append(steps, resource.TestStep{Config: g.config(c.config)})
			applied = c.config
		}
		steps = append(steps, resource.TestStep{
			PreConfig: behind(c.change), Config: g.config(c.config), ConfigPlanChecks: onlyChanges(address, c.want),
		})
	}
	return steps
}

func wanted[F any](cases []driftCase[F]) []changes {
	var all []changes
	for _, c := range cases {
		all = append(all, c.want)
	}
	return all
}

// drifts says how each resource's attributes are seen to drift: in the table, or in a test that it names,
// or not at all, for the reason given.
var drifts = map[string]struct {
	table  []changes
	tested map[string]func(*testing.T)
	exempt map[string]string
}{
	"bursar_team": {
		table:  wanted(teamDrift),
		tested: temporaries,
		exempt: map[string]string{
			"team_id": isTheObject, "deletion_protection": forTerraformOnly, "force_destroy": forTerraformOnly,
		},
	},
	"bursar_team_member": {
		table:  wanted(memberDrift),
		tested: temporaries,
		exempt: map[string]string{
			"team_id": isTheObject, "user_id": isTheObject, "user_email": isTheObject, "force_destroy": forTerraformOnly,
		},
	},
	"bursar_user": {
		table: wanted(userDrift),
		tested: map[string]func(*testing.T){
			"temp_budget_increase": TestAccTemporary_configured, "temp_budget_expiry": TestAccTemporary_configured, "user_id": TestAccUser_withoutID,
		},
		exempt: map[string]string{"deletion_protection": forTerraformOnly, "force_destroy": forTerraformOnly},
	},
	"bursar_key": {
		table: wanted(keyDrift),
		tested: joined(temporaries, map[string]func(*testing.T){
			"duration": TestAccKey_durationIsFromCreation, "key_wo_version": TestAccKey_foreignRotationDrifts,
		}),
		exempt: map[string]string{
			"store_key_in_state": forTerraformOnly, "rotation_trigger": forTerraformOnly, "rotation_grace": forTerraformOnly,
			"deletion_protection": forTerraformOnly,
		},
	},
	"bursar_budget": {
		table:  wanted(budgetDrift),
		tested: map[string]func(*testing.T){"temp_budget_increase": TestAccTemporary_configured, "temp_budget_expiry": TestAccTemporary_configured},
		exempt: map[string]string{"budget_id": isTheObject},
	},
	"bursar_alert_route": {
		table: slices.Concat(wanted(routeDrift), wanted(targetDrift)),
		tested: map[string]func(*testing.T){
			"webhook.url": TestAccAlertRoute_urlLeftOutStays, "webhook.secret_wo_version": TestAccAlertRoute_secretDrifts,
		},
		exempt: map[string]string{"alert_route_id": isTheObject},
	},
	"bursar_admin_key": {
		table: wanted(adminKeyDrift),
		tested: map[string]func(*testing.T){
			"duration": TestAccAdminKey_durationIsFromCreation, "key_wo_version": TestAccAdminKey_foreignRotationDrifts,
		},
		exempt: map[string]string{"rotation_grace": forTerraformOnly, "deletion_protection": forTerraformOnly},
	},
	"bursar_model": {
		table:  slices.Concat(wanted(modelDrift), wanted(priceDrift())),
		tested: map[string]func(*testing.T){"api_key_wo_version": TestAccModel_keyDrifts, "price.from": TestAccModel_sourceOfAPriceDrifts},
		exempt: map[string]string{"model_id": isTheObject},
	},
}

// temporaries are left to the gateway where they are not configured.
var temporaries = map[string]func(*testing.T){
	"temp_budget_increase": TestAccTemporary_configured, "temp_budget_expiry": TestAccTemporary_configured,
	"temp_rpm_increase": TestAccTemporary_configured, "temp_tpm_increase": TestAccTemporary_leftToTheGateway, "temp_limit_expiry": TestAccTemporary_configured,
}

func joined(groups ...map[string]func(*testing.T)) map[string]func(*testing.T) {
	all := map[string]func(*testing.T){}
	for _, group := range groups {
		maps.Copy(all, group)
	}
	return all
}

const (
	isTheObject      = "another one is another object"
	forTerraformOnly = "the gateway does not know it"
)

// A new attribute fails here until its drift is tested.
func TestDrift_everyAttributeHasItsCases(t *testing.T) {
	seen := 0
	for _, newResource := range provider.New("test")().Resources(t.Context()) {
		var name fwresource.MetadataResponse
		var got fwresource.SchemaResponse
		newResource().Metadata(t.Context(), fwresource.MetadataRequest{ProviderTypeName: "bursar"}, &name)
		newResource().Schema(t.Context(), fwresource.SchemaRequest{}, &got)
		have := drifts[name.TypeName]
		for _, need := range needsOf("", got.Schema.Attributes, false) {
			attribute := strings.ReplaceAll(need.path, ".*", "")
			if have.exempt[attribute] != "" || have.tested[attribute] != nil || isTimeouts(attribute) {
				continue
			}
			seen++
			if !slices.ContainsFunc(have.table, need.met) {
				t.Errorf("%s.%s: no drift is tested from the gateway's side that is %s", name.TypeName, attribute, need.kind)
			}
		}
	}
	if seen < 300 {
		t.Errorf("only %d cases are asked for", seen)
	}
}

// isTimeouts is for what is said to Terraform only, by every resource.
func isTimeouts(attribute string) bool {
	return attribute == "timeouts" || strings.HasPrefix(attribute, "timeouts.")
}

// Exemptions are of attributes that there are.
func TestDrift_exemptsNothingThatIsGone(t *testing.T) {
	for _, newResource := range provider.New("test")().Resources(t.Context()) {
		var name fwresource.MetadataResponse
		var got fwresource.SchemaResponse
		newResource().Metadata(t.Context(), fwresource.MetadataRequest{ProviderTypeName: "bursar"}, &name)
		newResource().Schema(t.Context(), fwresource.SchemaRequest{}, &got)
		have := map[string]bool{}
		for _, need := range needsOf("", got.Schema.Attributes, false) {
			have[need.path] = true
		}
		entry := drifts[name.TypeName]
		for _, attribute := range slices.Concat(slices.Collect(maps.Keys(entry.exempt)), slices.Collect(maps.Keys(entry.tested))) {
			if !have[attribute] {
				t.Errorf("%s has no attribute %s", name.TypeName, attribute)
			}
		}
	}
}

// need is one kind of drift that must be tested of an attribute. A path is as in changes, with * for an index or a key.
type need struct {
	path string
	kind string
}

// Kinds of drift, from the gateway's side.
const (
	otherValue = "another value"
	noValue    = "no value, or a removed entry"
	aValue     = "a value where none is configured, or an added entry"
)

func (n need) met(want changes) bool {
	pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(n.path), `\*`, ".+") + "$")
	for path, change := range want {
		before, after, _ := strings.Cut(change, " -> ")
		if pattern.MatchString(path) && kindOf(before, after) == n.kind {
			return true
		}
	}
	return false
}

func kindOf(before, after string) string {
	switch {
	case before == "":
		return noValue
	case after == "":
		return aValue
	default:
		return otherValue
	}
}

// needsOf walks the attributes that can be set. Within a part that may be missing, every attribute may be.
func needsOf(prefix string, attributes map[string]schema.Attribute, mayBeMissing bool) []need {
	var needs []need
	for _, name := range sortedKeys(attributes) {
		attribute, path := attributes[name], prefix+name
		if attribute.IsWriteOnly() || !attribute.IsOptional() && !attribute.IsRequired() {
			continue
		}
		nullable := mayBeMissing || attribute.IsOptional() && !hasDefault(attribute)
		switch a := attribute.(type) {
		case schema.SingleNestedAttribute:
			needs = append(needs, needsOf(path+".", a.Attributes, nullable)...)
		case schema.ListNestedAttribute:
			needs = append(needs, needsOf(path+".*.", a.NestedObject.Attributes, true)...)
		case schema.ListAttribute, schema.MapAttribute, schema.DynamicAttribute:
			needs = append(needs, allKinds(path+".*")...)
		case schema.StringAttribute, schema.BoolAttribute, schema.Int64Attribute, schema.NumberAttribute, schema.Float64Attribute:
			if nullable {
				needs = append(needs, allKinds(path)...)
			} else {
				needs = append(needs, need{path, otherValue})
			}
		default:
			panic(fmt.Sprintf("%s is a %T, whose drift nobody knows how to test", path, attribute))
		}
	}
	return needs
}

func allKinds(path string) []need { return []need{{path, otherValue}, {path, noValue}, {path, aValue}} }

// hasDefault is for attributes that are never null.
func hasDefault(attribute schema.Attribute) bool {
	switch a := attribute.(type) {
	case schema.StringAttribute:
		return a.Default != nil
	case schema.BoolAttribute:
		return a.Default != nil
	case schema.Int64Attribute:
		return a.Default != nil
	default:
		return false
	}
}
