package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/advice"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// adviseCommand compares what teams may use with what they use.
type adviseCommand struct {
	Endpoint string `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:"" placeholder:"URL"`
	AdminKey string `help:"Admin key of the gateway; a viewer's will do." env:"BURSAR_ADMIN_KEY" placeholder:"KEY"`
	jobToken
	UnusedFor string `help:"A key is unused that had no call for so long." default:"30d"`
	Format    string `help:"As text for people, markdown for an issue, or json for programs." enum:"text,markdown,json" default:"text"`
}

// Help says what is looked at.
func (adviseCommand) Help() string {
	return `For the look at every team once in a quarter: what was used of each team's limits and what other limits would fit, as lines of
configuration; keys that nobody uses; and models of which teams may use more than their deployments take.

Limits per minute are compared with what 99 of 100 busy minutes stayed at or below, as far back as the gateway keeps minutes
(minutes.keep, 8 days unless set otherwise), monthly budgets with the dearest of the last three whole months. Nothing is changed.`
}

// Run writes the advice to standard output.
func (c adviseCommand) Run(ctx context.Context, stdout io.Writer) error {
	gateway, err := c.open(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-advise/" + version})
	if err != nil {
		return err
	}
	span, err := api.ParseSpan(c.UnusedFor)
	if err != nil {
		return fmt.Errorf("--unused-for: %w", err)
	}
	in, err := adviceInput(ctx, gateway, span.Approximate(), time.Now())
	if err != nil {
		return err
	}
	report := advice.Advise(in)
	switch c.Format {
	case "json":
		out := json.NewEncoder(stdout)
		out.SetIndent("", "  ")
		return out.Encode(report)
	case "markdown":
		return advice.Markdown(stdout, report)
	default:
		return advice.Text(stdout, report)
	}
}

// adviceInput asks the gateway for all that the advice is made of.
func adviceInput(ctx context.Context, gateway *client.Client, unusedFor time.Duration, now time.Time) (in advice.Input, err error) {
	in = advice.Input{PeaksFrom: now.Add(-advice.PeaksOver), UnusedSince: now.Add(-unusedFor), Now: now}
	if in.Teams, err = gateway.ListTeams(ctx); err != nil {
		return in, err
	}
	if in.Keys, err = gateway.ListKeys(ctx); err != nil {
		return in, err
	}
	if in.Models, err = gateway.ListModels(ctx); err != nil {
		return in, err
	}
	if in.Peaks, err = gateway.QuotaPeaks(ctx, in.PeaksFrom); err != nil {
		return in, err
	}
	if in.Months, err = gateway.ListUsage(ctx, api.UsageQuery{GroupBy: []string{api.GroupTeam}, Period: api.PeriodMonth, From: advice.MonthsFrom(now)}); err != nil {
		return in, err
	}
	in.KeyUse, err = gateway.ListUsage(ctx, api.UsageQuery{GroupBy: []string{api.GroupKey}, Period: api.PeriodTotal, From: in.UnusedSince})
	return in, err
}
