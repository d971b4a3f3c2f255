package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// approvePlanCommand has a gateway keep what a plan changes as an approved review.
type approvePlanCommand struct {
	Plan        string `arg:"" optional:"" help:"The plan that was agreed on, in JSON: terraform show -json tfplan > plan.json. - reads standard input."`
	Endpoint    string `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:"" placeholder:"URL"`
	AdminKey    string `help:"Admin key with the role admin or approver." env:"BURSAR_ADMIN_KEY" required:"" placeholder:"KEY"`
	PullRequest string `help:"Address of the pull or merge request that was agreed on." env:"BURSAR_PULL_REQUEST" placeholder:"URL"`
	Reason      string `help:"Why, in words." env:"BURSAR_CHANGE_REASON"`
	ExpiresIn   string `help:"For how long the changes may be made, such as 24h, 7d or 1mo; at most 92 days." default:"7d"`
	Withdraw    string `help:"Withdraw an approved review instead: what of it is not made yet is refused from now on." placeholder:"ID"`
}

// Help says what follows.
func (approvePlanCommand) Help() string {
	return `Sends the gateway what the plan changes, object by object, and prints the id of the approved review that it makes of it.
Apply with approved_review = "ID" in the provider block, or BURSAR_APPROVED_REVIEW=ID: the gateway then makes these changes,
each once and from what it was to what was approved, and refuses any other. The plan says first what would be refused.

Nothing secret is sent: of what Terraform calls sensitive, only that it changes.`
}

// Run prints the review's id to standard output, and what it is to standard error.
func (c approvePlanCommand) Run(ctx context.Context, stdout io.Writer) error {
	gateway, err := client.New(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, Reason: c.Reason, UserAgent: "bursar-approve/" + version})
	if err != nil {
		return fmt.Errorf("--endpoint: %w", err)
	}
	if c.Withdraw != "" {
		withdrawn, err := gateway.WithdrawQuotaReview(ctx, c.Withdraw)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "bursar: %s is withdrawn; %d of its %d changes were made before\n", withdrawn.QuotaReviewID, withdrawn.Used, withdrawn.Total)
		return nil
	}
	if c.Plan == "" {
		return errors.New("name the plan in JSON, or - for standard input")
	}
	span, err := api.ParseSpan(c.ExpiresIn)
	if err != nil {
		return fmt.Errorf("--expires-in: %w", err)
	}
	plan, err := openPlan(c.Plan)
	if err != nil {
		return err
	}
	defer plan.Close()
	changes, err := review.Approvable(plan)
	if err != nil {
		return fmt.Errorf("approve %s: %w", c.Plan, err)
	}
	if len(changes) == 0 {
		return fmt.Errorf("%s changes nothing on the gateway, so there is nothing to approve", c.Plan)
	}
	approved, err := gateway.ApproveQuotas(ctx, api.QuotaReviewFields{
		Changes: changes, PullRequest: c.PullRequest, Reason: c.Reason, ExpiresAt: span.AddTo(time.Now()),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "bursar: %d changes are approved until %s; sha256 %s\n", approved.Total, approved.ExpiresAt.Format(time.RFC3339), approved.Hash)
	_, err = fmt.Fprintln(stdout, approved.QuotaReviewID)
	return err
}
