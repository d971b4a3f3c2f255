package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// approvePlanCommand has a gateway keep what a plan changes as an approved review.
type approvePlanCommand struct {
	Plan     string `arg:"" optional:"" help:"The plan that was agreed on, in JSON: terraform show -json tfplan > plan.json. - reads standard input."`
	Changes  string `help:"The changes of a plan that was agreed on, as bursar review --changes-out wrote them, in place of the plan." type:"existingfile" placeholder:"FILE"`
	Endpoint string `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:"" placeholder:"URL"`
	AdminKey string `help:"Admin key with the role admin or approver." env:"BURSAR_ADMIN_KEY" placeholder:"KEY"`
	jobToken
	PullRequest  string `help:"Address of the pull or merge request that was agreed on." env:"BURSAR_PULL_REQUEST" placeholder:"URL"`
	Reason       string `help:"Why, in words." env:"BURSAR_CHANGE_REASON"`
	ExpiresIn    string `help:"For how long the changes may be made, such as 24h, 7d or 1mo; at most 92 days." default:"7d"`
	AllowUnknown bool   `help:"Approve values, too, that the plan does not know before the apply or does not tell: they may become anything."`
	Withdraw     string `help:"Withdraw an approved review instead: what of it is not made yet is refused from now on." placeholder:"ID"`
}

// Help says what follows.
func (approvePlanCommand) Help() string {
	return `Sends the gateway what the plan changes, object by object, and prints the id of the approved review that it makes of it.
Apply with approved_review = "ID" in the provider block, or BURSAR_APPROVED_REVIEW=ID: the gateway then makes these changes,
each once and from what it was to what was approved, and refuses any other. The plan says first what would be refused.

A limit, price or other value that the plan does not know or tell may become anything: that is refused, each by its name, unless
--allow-unknown is given.

Nothing secret is sent: of what Terraform calls sensitive, only that it changes. A plan holds secrets, so a pipeline keeps what
bursar review --changes-out wrote, and approves that by --changes.

Prints no id, and exits with 0, when there is nothing to approve.`
}

// Run prints the review's id to standard output, and what it is to standard error.
func (c approvePlanCommand) Run(ctx context.Context, stdout io.Writer) error {
	gateway, err := c.open(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, Reason: c.Reason, UserAgent: "bursar-approve/" + version})
	if err != nil {
		return err
	}
	if c.Withdraw != "" {
		withdrawn, err := gateway.WithdrawQuotaReview(ctx, c.Withdraw)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "bursar: %s is withdrawn; %d of its %d changes were made before\n", withdrawn.QuotaReviewID, withdrawn.Used, withdrawn.Total)
		return nil
	}
	span, err := api.ParseSpan(c.ExpiresIn)
	if err != nil {
		return fmt.Errorf("--expires-in: %w", err)
	}
	changes, err := c.changes()
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		fmt.Fprintln(os.Stderr, "bursar: nothing is changed on the gateway, so there is nothing to approve")
		return nil
	}
	if err := c.refuseUnknown(changes); err != nil {
		return err
	}
	approved, err := gateway.ApproveQuotas(ctx, api.QuotaReviewFields{
		Changes: changes, PullRequest: c.PullRequest, Reason: c.Reason, ExpiresAt: span.AddTo(time.Now()),
	})
	if err != nil {
		return err
	}
	kept := fmt.Sprintf("%d changes are", approved.Total)
	if approved.Total == 1 {
		kept = "1 change is"
	}
	fmt.Fprintf(os.Stderr, "bursar: %s approved until %s; sha256 %s\n", kept, approved.ExpiresAt.Format(time.RFC3339), approved.Hash)
	_, err = fmt.Fprintln(stdout, approved.QuotaReviewID)
	return err
}

// refuseUnknown names what would be approved unseen, and refuses it unless that is wanted. That a secret changes is told.
func (c approvePlanCommand) refuseUnknown(changes []api.ApprovedChange) error {
	var unseen []string
	for _, change := range changes {
		if paths := change.Unsettled(); len(paths) > 0 {
			unseen = append(unseen, fmt.Sprintf("%s: %s", change.Address, strings.Join(paths, ", ")))
		}
		if len(change.Open) > 0 {
			fmt.Fprintf(os.Stderr, "bursar: %s may become anything in: %s\n", change.Address, strings.Join(change.Open, ", "))
		}
	}
	if len(unseen) == 0 || c.AllowUnknown {
		return nil
	}
	return fmt.Errorf("nobody knows before the apply, or the plan calls sensitive, what these become, so nothing is approved:\n  %s\n"+
		"Apply first what they depend on and plan again, or approve any value with --allow-unknown", strings.Join(unseen, "\n  "))
}

// changes are those of the plan, or of a file that was made of one.
func (c approvePlanCommand) changes() ([]api.ApprovedChange, error) {
	switch {
	case (c.Plan == "") == (c.Changes == ""):
		return nil, errors.New("name the plan in JSON, - for standard input, or --changes")
	case c.Changes != "":
		text, err := os.ReadFile(c.Changes)
		if err != nil {
			return nil, fmt.Errorf("read the changes: %w", err)
		}
		var changes []api.ApprovedChange
		if err := json.Unmarshal(text, &changes); err != nil {
			return nil, fmt.Errorf("read the changes in %s, which bursar review --changes-out writes: %w", c.Changes, err)
		}
		return changes, nil
	default:
		plan, err := openPlan(c.Plan)
		if err != nil {
			return nil, err
		}
		defer plan.Close()
		changes, err := review.Approvable(plan)
		if err != nil {
			return nil, fmt.Errorf("approve %s: %w", c.Plan, err)
		}
		return changes, nil
	}
}

// writeChanges writes what a plan changes to a file, and returns the plan to be read once more.
func writeChanges(path string, plan io.Reader) (io.ReadCloser, error) {
	text, err := io.ReadAll(plan)
	if err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	changes, err := review.Approvable(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("--changes-out: %w", err)
	}
	encoded, err := json.MarshalIndent(changes, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("--changes-out: %w", err)
	}
	if err := os.WriteFile(path, append(encoded, '\n'), 0o600); err != nil {
		return nil, fmt.Errorf("--changes-out: %w", err)
	}
	return io.NopCloser(bytes.NewReader(text)), nil
}
