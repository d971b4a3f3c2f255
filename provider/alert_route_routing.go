package provider

import (
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// routingModel says when a route hears of what it asks for.
type routingModel struct {
	Labels         types.Map    `tfsdk:"labels"`
	Fallback       types.Bool   `tfsdk:"fallback"`
	GroupWait      types.String `tfsdk:"group_wait"`
	RepeatInterval types.String `tfsdk:"repeat_interval"`
	QuietHours     types.String `tfsdk:"quiet_hours"`
	EscalateTo     types.String `tfsdk:"escalate_to"`
	EscalateAfter  types.String `tfsdk:"escalate_after"`
	Digest         types.String `tfsdk:"digest"`
}

func (m routingModel) toAPI() api.AlertRouting {
	return api.AlertRouting{
		Labels:         textsOf(m.Labels),
		Fallback:       attribute.IsTrue(m.Fallback, false),
		GroupWait:      attribute.TextOf(m.GroupWait),
		RepeatInterval: attribute.TextOf(m.RepeatInterval),
		QuietHours:     attribute.TextOf(m.QuietHours),
		EscalateTo:     attribute.TextOf(m.EscalateTo),
		EscalateAfter:  attribute.TextOf(m.EscalateAfter),
		Digest:         attribute.TextOf(m.Digest),
	}
}

// textsOf is nil for what is not known yet.
func textsOf(texts types.Map) map[string]string {
	if texts.IsNull() || texts.IsUnknown() {
		return nil
	}
	values := map[string]string{}
	for name, value := range texts.Elements() {
		if text, ok := value.(types.String); ok {
			values[name] = text.ValueString()
		}
	}
	return values
}

// textsFrom is null for none.
func textsFrom(texts map[string]string) types.Map {
	if len(texts) == 0 {
		return types.MapNull(types.StringType)
	}
	values := map[string]attr.Value{}
	for name, text := range texts {
		values[name] = types.StringValue(text)
	}
	return types.MapValueMust(types.StringType, values)
}

func routingFrom(routing api.AlertRouting) routingModel {
	return routingModel{
		Labels:         textsFrom(routing.Labels),
		Fallback:       types.BoolValue(routing.Fallback),
		GroupWait:      types.StringPointerValue(routing.GroupWait),
		RepeatInterval: types.StringPointerValue(routing.RepeatInterval),
		QuietHours:     types.StringPointerValue(routing.QuietHours),
		EscalateTo:     types.StringPointerValue(routing.EscalateTo),
		EscalateAfter:  types.StringPointerValue(routing.EscalateAfter),
		Digest:         types.StringPointerValue(routing.Digest),
	}
}

func routingAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"labels":   textMap("Only teams whose `metadata` has all of these values, such as `{ tier = \"gold\" }`. Leave it out for every team."),
		"fallback": attribute.Bool("Whether the route hears only of what no other route takes.", false),
		"group_wait": attribute.Text("How long a message waits for others about the same team, such as `30s`, so that they go out as one. " +
			"A refusal by a cap does not wait. Leave it out to send at once."),
		"repeat_interval": attribute.Text("How often a budget that is still over what was told is told again, such as `24h`, until somebody acknowledges it. Leave it out to tell once."),
		"quiet_hours": attribute.Text("Hours in which what is not critical waits for their end, such as `22:00-07:00 Europe/Berlin`. " +
			"A refusal by a cap does not wait."),
		"escalate_to": attribute.Text("The `alert_route_id` of the route that hears of a refusal by a cap that nobody acknowledged."),
		"digest": attribute.Text("When the route gets what each of its teams has spent, has as its cap, will cost and was refused: `daily 08:00 Europe/Berlin` tells of the " +
			"day before, `weekly monday 08:00` of the seven days before, `monthly 1 08:00` of the month before, with advice on limits. With `events = [\"digest\"]` it gets nothing else. Leave it out for none."),
		"escalate_after": attribute.Text("How long that waits, such as `15m`. It goes with `escalate_to`."),
	}
}
