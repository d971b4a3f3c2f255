package attribute

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// FromTime is RFC 3339 in UTC.
func FromTime(moment *time.Time) types.String {
	if moment == nil || moment.IsZero() {
		return types.StringNull()
	}
	return types.StringValue(moment.UTC().Format(time.RFC3339Nano))
}

// MomentOf is the moment of an RFC 3339 text; nil when there is none or it is not known.
func MomentOf(text types.String) *time.Time {
	if text.IsNull() || text.IsUnknown() {
		return nil
	}
	moment, err := time.Parse(time.RFC3339, text.ValueString())
	if err != nil {
		return nil // the validator says so
	}
	return &moment
}

// SameMoment says whether two texts are of one moment. What is no moment is never the same.
func SameMoment(a, b types.String) bool {
	first, second := MomentOf(a), MomentOf(b)
	return first != nil && second != nil && first.Equal(*second)
}

// Moment refuses a text that is no moment in RFC 3339.
type Moment struct{}

func (Moment) Description(context.Context) string {
	return "must be a moment in RFC 3339, such as 2027-01-31T00:00:00Z"
}

func (v Moment) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (Moment) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if MomentOf(req.ConfigValue) == nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a moment", Sentence(api.NotAMoment(req.Path.String(), req.ConfigValue.ValueString())))
	}
}

// Span refuses a text that is no duration of the gateway.
type Span struct{}

func (Span) Description(context.Context) string {
	return "must be a duration such as 12h, 30d or 1mo"
}

func (v Span) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (Span) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := api.ParseSpan(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Not a duration", Sentence(err))
	}
}
