package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// exitNeedsApproval is the exit code of a review whose changes exceed the policy.
const exitNeedsApproval = exitError(2)

// reviewCommand says what a plan does to quotas.
type reviewCommand struct {
	Plan           string  `arg:"" help:"A plan in JSON: terraform plan -out=tfplan && terraform show -json tfplan > plan.json. - reads standard input."`
	Endpoint       string  `help:"Address of a gateway to ask what has been spent already." env:"BURSAR_ENDPOINT"`
	AdminKey       string  `help:"Admin key of that gateway." env:"BURSAR_ADMIN_KEY"`
	Offline        bool    `help:"Do not ask the gateway, even where its address is set."`
	MaxIncreasePct float64 `help:"Exit with 2 when a limit grows by more than this percentage; 0 does not."`
}

// Help explains the exit codes.
func (reviewCommand) Help() string {
	return `Writes Markdown for a pull request to standard output.

With the address of a gateway it says as well what has been spent, and what the plan would do as of now. A gateway that
does not answer is an error then, after the review of the plan itself; --offline does without it.

Exit codes: 0 reviewed, 1 the plan could not be read or the gateway did not answer, 2 a change needs approval
(--max-increase-pct).`
}

// Run writes the review to standard output.
func (c reviewCommand) Run(ctx context.Context) error {
	plan, err := openPlan(c.Plan)
	if err != nil {
		return err
	}
	defer plan.Close()
	options := review.Options{MaxIncreasePct: c.MaxIncreasePct}
	if c.Endpoint != "" && !c.Offline {
		gateway, err := client.New(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-review/" + version})
		if err != nil {
			return fmt.Errorf("--endpoint: %w", err)
		}
		options.Usage, options.Gateway = usage{gateway}, usage{gateway}
	}
	result, err := review.Render(ctx, os.Stdout, plan, options)
	if err != nil {
		return fmt.Errorf("review %s: %w", c.Plan, err)
	}
	if result.Asking != nil {
		return fmt.Errorf("ask the gateway, which --offline does without: %w", result.Asking)
	}
	if !result.NeedsApproval {
		return nil
	}
	for _, reason := range result.Reasons {
		fmt.Fprintln(os.Stderr, "bursar: needs approval: "+reason)
	}
	return exitNeedsApproval
}

func openPlan(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the plan: %w", err)
	}
	return file, nil
}

// usage reads from a gateway what has been spent and what changes would do.
type usage struct{ gateway *client.Client }

// Rehearse implements [review.Rehearser].
func (u usage) Rehearse(ctx context.Context, changes []api.QuotaChange) (api.QuotaCheck, error) {
	return u.gateway.CheckQuota(ctx, changes)
}

// Spent implements [review.UsageReader].
func (u usage) Spent(ctx context.Context, kind, id string) (money.Nano, bool, error) {
	var spent money.Nano
	var err error
	switch kind {
	case review.KindTeam:
		team, getErr := u.gateway.GetTeam(ctx, id)
		spent, err = team.Spend, getErr
	case review.KindKey:
		key, getErr := u.gateway.GetKey(ctx, id)
		spent, err = key.Spend, getErr
	case review.KindBudget:
		budget, getErr := u.gateway.GetBudget(ctx, id)
		spent, err = budget.Spend, getErr
	default:
		err = errors.New("unknown kind " + kind)
	}
	if api.CodeOf(err) == api.NotFound {
		return 0, false, nil
	}
	return spent, err == nil, err
}
