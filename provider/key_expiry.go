package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// A key's life is configured as a moment (expires) or as a length from its creation
// (duration); the gateway keeps the moment. Either way it is the moment that drifts.

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
func plannedExpiry(config keyModel, state *keyModel) types.String {
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

func expiryAfter(duration types.String, state *keyModel) types.String {
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
