package wire

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// To Terraform every number is one kind. The plugin framework cannot read 1.5 where it expects a whole number, and calls
// that an error of the provider, so such numbers are told here, all of them at their attributes.

// ValidateResourceConfig refuses numbers that an attribute cannot hold.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if misfits := s.misfits(ctx, req.TypeName, req.Config); len(misfits) > 0 {
		return &tfprotov6.ValidateResourceConfigResponse{Diagnostics: misfits}, nil
	}
	return s.frameworkServer.ValidateResourceConfig(ctx, req) //nolint:wrapcheck // the framework's answer as it is
}

// misfits are the numbers of a configuration that do not fit; none for what the framework has to report.
func (s *server) misfits(ctx context.Context, typeName string, config *tfprotov6.DynamicValue) []*tfprotov6.Diagnostic {
	kind, ok := s.types[typeName]
	if !ok || config == nil {
		return nil
	}
	value, err := config.Unmarshal(kind.TerraformType(ctx))
	if err != nil {
		return nil
	}
	return misfitsIn(kind, value, tftypes.NewAttributePath())
}

func misfitsIn(kind attr.Type, value tftypes.Value, at *tftypes.AttributePath) []*tfprotov6.Diagnostic {
	if value.IsNull() || !value.IsKnown() {
		return nil
	}
	switch kind := kind.(type) {
	case basetypes.Int64Type:
		return misfit(value, at)
	case attr.TypeWithAttributeTypes:
		return misfitsOf(value, func(name string) (attr.Type, *tftypes.AttributePath) {
			return kind.AttributeTypes()[name], at.WithAttributeName(name)
		})
	case basetypes.MapType:
		return misfitsOf(value, func(key string) (attr.Type, *tftypes.AttributePath) {
			return kind.ElementType(), at.WithElementKeyString(key)
		})
	case basetypes.ListType:
		var all []*tfprotov6.Diagnostic
		var elements []tftypes.Value
		_ = value.As(&elements) // of another kind there are none
		for i, element := range elements {
			all = append(all, misfitsIn(kind.ElementType(), element, at.WithElementKeyInt(i))...)
		}
		return all
	default:
		return nil
	}
}

func misfitsOf(value tftypes.Value, part func(name string) (attr.Type, *tftypes.AttributePath)) []*tfprotov6.Diagnostic {
	var all []*tfprotov6.Diagnostic
	var parts map[string]tftypes.Value
	_ = value.As(&parts) // of another kind there are none
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		kind, at := part(name)
		all = append(all, misfitsIn(kind, parts[name], at)...)
	}
	return all
}

func misfit(value tftypes.Value, at *tftypes.AttributePath) []*tfprotov6.Diagnostic {
	number := new(big.Float)
	if value.As(&number) != nil {
		return nil
	}
	summary, fits := "Not a whole number", "It takes whole numbers only."
	if number.IsInt() {
		if whole, _ := number.Int(nil); whole.IsInt64() {
			return nil
		}
		summary, fits = "Number too large", "No limit of the gateway is so large. Leave it out for none."
	}
	name := at.LastStep()
	return []*tfprotov6.Diagnostic{{
		Severity: tfprotov6.DiagnosticSeverityError, Attribute: at, Summary: summary,
		Detail: fmt.Sprintf("%s is %s. %s", name, number.Text('g', 10), fits),
	}}
}
