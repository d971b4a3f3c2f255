package provider_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// A review tells what each attribute of each resource and action does, or why its changes have no effect. Who adds an
// attribute says so in gateway/review, with a pair of before and after.
func TestReview_knowsEveryAttribute(t *testing.T) {
	schemas, err := provider.Server("test")().GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for resource, schema := range schemas.ResourceSchemas {
		judged(t, resource, "", schema.Block.Attributes)
	}
	for action, schema := range schemas.ActionSchemas {
		judged(t, action, "", schema.Schema.Block.Attributes)
	}
}

// judged asks about leaves: what holds others is known by them.
func judged(t *testing.T, resource, within string, attributes []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, attribute := range attributes {
		path := within + attribute.Name
		if attribute.NestedType != nil {
			judged(t, resource, path+".", attribute.NestedType.Attributes)
			continue
		}
		if !review.Judges(resource, path) {
			t.Errorf("a review does not know what %s of %s does", path, resource)
		}
	}
}
