package function

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var _ function.Function = durationSeconds{}

type durationSeconds struct{}

func (durationSeconds) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "duration_seconds"
}

func (durationSeconds) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "The length of a duration in seconds",
		MarkdownDescription: "How many seconds a duration has that is written as the gateway reads it, such as `12h`, `30d` or `3mo`. " +
			"Months count as 30 days and years as 365, as far as a number can say it: budgets themselves follow the calendar.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "duration",
			MarkdownDescription: "A number and a unit without a space: `s`, `m`, `h`, `d`, `w`, `mo` or `y`.",
		}},
		Return: function.Int64Return{},
	}
}

func (durationSeconds) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var duration string
	if resp.Error = req.Arguments.Get(ctx, &duration); resp.Error != nil {
		return
	}
	span, err := api.ParseSpan(duration)
	if err != nil {
		resp.Error = function.NewArgumentFuncError(0, err.Error())
		return
	}
	resp.Error = resp.Result.Set(ctx, int64(span.Approximate()/time.Second))
}
