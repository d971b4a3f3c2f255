package object

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/provider/wire"
)

// Every resource says how long a change of it may take, with all repetitions of its calls. The provider's server keeps
// to that for all of them, so that no resource has to. Reading has no such time: resources are read together, by the
// page, and one that is in a hurry must not end it for the others.

// TimeoutsModel is of all resources.
type TimeoutsModel struct {
	Timeouts timeouts.Value `tfsdk:"timeouts"`
}

func timeoutsOptions() timeouts.Opts {
	says := func(what string) string {
		return "How long " + what + " may take with all repetitions, such as `30s` or `5m`. Defaults to `10m`."
	}
	return timeouts.Opts{
		Create: true, CreateDescription: says("creating"),
		Update: true, UpdateDescription: says("updating"),
		Delete: true, DeleteDescription: says("deleting") + " What the state says holds, so apply a change first.",
	}
}

// withTimeouts adds the attribute that all resources have.
func withTimeouts(described schema.Schema) schema.Schema {
	attribute := timeouts.Attributes(context.Background(), timeoutsOptions())
	if nested, ok := attribute.(schema.SingleNestedAttribute); ok {
		nested.MarkdownDescription = "How long Terraform waits for a gateway that is slow or busy. Reading has no time of its own."
		for name, operation := range nested.Attributes {
			if text, ok := operation.(schema.StringAttribute); ok {
				text.MarkdownDescription, text.Description = text.Description, ""
				text.Validators = append(slices.Clone(text.Validators), someTimeValidator{})
				nested.Attributes[name] = text
			}
		}
		attribute = nested
	}
	described.Attributes = maps.Clone(described.Attributes)
	described.Attributes["timeouts"] = attribute
	return described
}

// OrNull has a type even when there is no prior state, as an import, a list or a move has none.
func (m TimeoutsModel) OrNull() TimeoutsModel {
	ctx := context.Background()
	if len(m.Timeouts.AttributeTypes(ctx)) > 0 {
		return m
	}
	none, ok := timeouts.Attributes(ctx, timeoutsOptions()).GetType().(timeouts.Type)
	if !ok {
		return m
	}
	return TimeoutsModel{timeouts.Value{Object: types.ObjectNull(none.AttrTypes)}}
}

// someTimeValidator refuses a time in which nothing can be done. That it is a time at all is checked elsewhere.
type someTimeValidator struct{}

func (someTimeValidator) Description(context.Context) string { return "must be more than 0s" }

func (v someTimeValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v someTimeValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if given, err := time.ParseDuration(req.ConfigValue.ValueString()); err == nil && given <= 0 {
		resp.Diagnostics.AddAttributeError(req.Path, "No time to wait", req.Path.String()+" "+v.Description(ctx)+", such as 30s. Leave it out for the default.")
	}
}

// adviceOnTimeout is for whatever failed because an operation's time was up.
func adviceOnTimeout(ctx context.Context) string {
	ended, ok := errors.AsType[wire.TimeoutError](context.Cause(ctx))
	if !ok {
		return ""
	}
	return fmt.Sprintf("\n\nIt was given %s. If the gateway is only slow or busy, give it more with timeouts = { %s = \"…\" }.", ended.After, ended.Operation)
}
