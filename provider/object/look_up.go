package object

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// LookUp is how a data source of one object may find it.
type LookUp[T any] struct {
	// Attribute is what the configuration gives, and Read finds the object that has the value.
	Attribute string
	Read      func(ctx context.Context, value string) (T, error)
}

// Find reads the object by the one attribute that the configuration gives, which the schema sees to, and reports at
// that attribute when there is none. noun is the object's name for people.
func Find[T any](ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics, noun string, ways ...LookUp[T]) (one T, found bool) {
	for _, way := range ways {
		var value types.String
		diags.Append(config.GetAttribute(ctx, path.Root(way.Attribute), &value)...)
		if diags.HasError() {
			return one, false
		}
		if value.IsNull() {
			continue
		}
		one, err := way.Read(ctx, value.ValueString())
		switch {
		case api.CodeOf(err) == api.NotFound:
			diags.AddAttributeError(path.Root(way.Attribute), "No such "+noun, attribute.Sentence(err))
		case err != nil:
			Report(ctx, diags, config.Schema, strings.ToUpper(noun[:1])+noun[1:]+" not read", err)
		}
		return one, err == nil
	}
	return one, false
}
