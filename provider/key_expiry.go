package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A key's life is configured as a moment (expires) or as a length from its creation
// (duration); the gateway keeps the moment. Either way it is the moment that drifts.

// expiryTolerance forgives that a gateway may read the clock twice while it makes a key.
const expiryTolerance = time.Minute

// momentOf is the moment of an RFC 3339 text; nil when there is none or it is not known.
func momentOf(text types.String) *time.Time {
	if text.IsNull() || text.IsUnknown() {
		return nil
	}
	moment, err := time.Parse(time.RFC3339, text.ValueString())
	if err != nil {
		return nil // the validator says so
	}
	return &moment
}

// expiryFrom keeps prior when it names the same moment in other words, such as another zone.
func expiryFrom(expires *time.Time, prior types.String) types.String {
	if now := timeValue(expires); !sameMoment(now, prior) {
		return now
	}
	return prior
}

// plannedExpiry is the moment that the configuration asks for, in the state's words if
// that is the moment already. State is nil for a key that will be made.
func plannedExpiry(config keyModel, state *keyModel) types.String {
	switch {
	case config.Duration.IsUnknown():
		return types.StringUnknown()
	case !config.Duration.IsNull():
		return expiryAfter(config.Duration, state)
	case state != nil && sameMoment(config.Expires, state.Expires):
		return state.Expires
	default:
		return config.Expires
	}
}

func expiryAfter(duration types.String, state *keyModel) types.String {
	if state == nil {
		return types.StringUnknown()
	}
	span, err := api.ParseSpan(duration.ValueString())
	start := momentOf(state.CreatedAt)
	if err != nil || start == nil {
		return types.StringUnknown()
	}
	wanted := span.AddTo(start.UTC())
	if now := momentOf(state.Expires); now != nil && now.Sub(wanted).Abs() < expiryTolerance {
		return state.Expires
	}
	return timeValue(&wanted)
}

func sameMoment(a, b types.String) bool {
	first, second := momentOf(a), momentOf(b)
	return first != nil && second != nil && first.Equal(*second)
}

type momentValidator struct{}

func (momentValidator) Description(context.Context) string {
	return "must be a moment in RFC 3339, such as 2027-01-31T00:00:00Z"
}

func (v momentValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v momentValidator) ValidateString(ctx context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if momentOf(req.ConfigValue) == nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a moment", req.Path.String()+" "+v.Description(ctx)+".")
	}
}

type spanValidator struct{}

func (spanValidator) Description(context.Context) string {
	return "must be a duration such as 12h, 30d or 1mo"
}

func (v spanValidator) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (spanValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := api.ParseSpan(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a duration", sentence(err))
	}
}
