package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/wire"
)

// A key's life is configured as a moment (expires) or as a length from its creation
// (duration); the gateway keeps the moment. Either way it is the moment that drifts.

// lifeModel is the life of a key, or of an admin key.
type lifeModel struct {
	Duration  types.String `tfsdk:"duration"`
	Expires   types.String `tfsdk:"expires"`
	CreatedAt types.String `tfsdk:"created_at"`
}

func lifeFrom(expires *time.Time, createdAt time.Time, prior lifeModel) lifeModel {
	return lifeModel{Duration: prior.Duration, Expires: expiryFrom(expires, prior.Expires), CreatedAt: attribute.FromTime(&createdAt)}
}

func lifeAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"duration": schema.StringAttribute{
			MarkdownDescription: "How long the key lives from its creation, such as `30d`. Not together with `expires`.",
			Optional:            true,
			Validators:          attribute.Valid(attribute.Span{}, stringvalidator.ConflictsWith(path.MatchRoot("expires"))),
			PlanModifiers:       []planmodifier.String{wire.Decides{About: "expires"}},
		},
		"expires": schema.StringAttribute{
			MarkdownDescription: "When the key stops working, RFC 3339 such as `2027-01-31T00:00:00Z`. Leave out both `expires` and `duration` for never.",
			Optional:            true,
			Computed:            true,
			Validators:          attribute.Valid(attribute.Moment{}),
		},
		"created_at": attribute.Computed("When the key was made, RFC 3339."),
	}
}

// expiryTolerance forgives that a gateway may read the clock twice while it makes a key.
const expiryTolerance = time.Minute

// expiryFrom keeps prior when it names the same moment in other words, such as another zone.
func expiryFrom(expires *time.Time, prior types.String) types.String {
	if now := attribute.FromTime(expires); !attribute.SameMoment(now, prior) {
		return now
	}
	return prior
}

// plannedExpiry is the moment that the configuration asks for, in the state's words if
// that is the moment already. State is nil for a key that will be made.
func plannedExpiry(config lifeModel, state *lifeModel) types.String {
	switch {
	case config.Duration.IsUnknown():
		return types.StringUnknown()
	case !config.Duration.IsNull():
		return expiryAfter(config.Duration, state)
	case state != nil && attribute.SameMoment(config.Expires, state.Expires):
		return state.Expires
	default:
		return config.Expires
	}
}

func expiryAfter(duration types.String, state *lifeModel) types.String {
	if state == nil {
		return types.StringUnknown()
	}
	span, err := api.ParseSpan(duration.ValueString())
	start := attribute.MomentOf(state.CreatedAt)
	if err != nil || start == nil {
		return types.StringUnknown()
	}
	wanted := span.AddTo(start.UTC())
	if now := attribute.MomentOf(state.Expires); now != nil && now.Sub(wanted).Abs() < expiryTolerance {
		return state.Expires
	}
	return attribute.FromTime(&wanted)
}
