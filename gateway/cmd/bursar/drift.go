package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// exitDrifted is the exit code of a report of drift that found some, as that of terraform plan -detailed-exitcode.
const exitDrifted = exitError(2)

// driftCommand says what was changed outside of Terraform.
type driftCommand struct {
	Plan     string `arg:"" help:"A plan in JSON: terraform plan -refresh-only -out=tfplan && terraform show -json tfplan > plan.json. - reads standard input."`
	Endpoint string `help:"Address of the gateway, to ask who made the changes." env:"BURSAR_ENDPOINT"`
	AdminKey string `help:"Admin key of that gateway; a viewer's will do." env:"BURSAR_ADMIN_KEY"`
	jobToken
	Offline  bool   `help:"Do not ask the gateway, even where its address is set."`
	Post     string `help:"Keep one open issue of it, by the variables of the pipeline, and close it when nothing is left." enum:",github,gitlab,gitea" default:"" placeholder:"github|gitlab|gitea"`
	PostName string `help:"Tells the issues of several jobs on one project apart." default:"drift"`
	// onPullRequest posts a comment there instead.
	onPullRequest bool
}

// Help explains the exit codes.
func (driftCommand) Help() string {
	return `Writes Markdown to standard output: what on the gateway is not as Terraform left it, who changed it, when and why by
the audit log, and the lines of configuration that adopt it. Without them the next apply undoes it.

Exit codes: 0 nothing was changed, 1 the plan could not be read or the gateway did not answer, 2 something was changed.`
}

// Run writes the report to standard output.
func (c driftCommand) Run(ctx context.Context) error {
	plan, err := openPlan(c.Plan)
	if err != nil {
		return err
	}
	defer plan.Close()
	var log review.AuditLog
	if c.Endpoint != "" && !c.Offline {
		gateway, err := c.open(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-drift/" + version})
		if err != nil {
			return err
		}
		log = auditLog{gateway}
	}
	var markdown bytes.Buffer
	found, err := review.Drift(ctx, io.MultiWriter(os.Stdout, &markdown), plan, log)
	if err != nil {
		return fmt.Errorf("look for drift in %s: %w", c.Plan, err)
	}
	if err := c.put(ctx, found, markdown.String()); err != nil {
		return err
	}
	switch {
	case found.Asking != nil:
		return fmt.Errorf("ask the gateway, which --offline does without: %w", found.Asking)
	case found.Objects > 0:
		return exitDrifted
	default:
		return nil
	}
}

// put posts the report, if that is asked for.
func (c driftCommand) put(ctx context.Context, found review.Drifted, markdown string) error {
	switch {
	case c.Post == "":
		return nil
	case c.onPullRequest:
		return publish(ctx, c.Post, post.Review{
			Name: c.PostName, Markdown: markdown, Summary: found.Summary(), Changes: found.Objects, NeedsApproval: found.Objects > 0,
		})
	}
	open := map[string]func(func(string) string, *http.Client) (post.Tracker, error){"github": post.GitHubIssues, "gitlab": post.GitLabIssues, "gitea": post.GiteaIssues}[c.Post]
	tracker, err := open(os.Getenv, &http.Client{Timeout: postTimeout})
	if err != nil {
		return fmt.Errorf("--post %s: %w", c.Post, err)
	}
	outcome, err := post.File(ctx, tracker, post.Report{
		Name: c.PostName, Title: "Quotas changed outside of Terraform", Markdown: markdown, Found: found.Objects, Link: pipelineLink(c.Post),
	})
	if err != nil {
		return fmt.Errorf("--post %s: %w", c.Post, err)
	}
	fmt.Fprintf(os.Stderr, "bursar: the issue is %s\n", outcome)
	return nil
}

// auditLog reads who changed what from a gateway.
type auditLog struct{ gateway *client.Client }

// AtOnce implements [review.AuditLog].
func (l auditLog) AtOnce(ctx context.Context) (found []review.AtOnce, err error) {
	teams, err := l.gateway.ListTeams(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := l.gateway.ListKeys(ctx)
	if err != nil {
		return nil, err
	}
	for _, team := range teams {
		if team.BlockedAtOnce != nil {
			found = append(found, review.AtOnce{Resource: "bursar_team", ID: team.TeamID, How: *team.BlockedAtOnce})
		}
	}
	for _, key := range keys {
		if key.BlockedAtOnce != nil {
			found = append(found, review.AtOnce{Resource: "bursar_key", ID: key.KeyID, How: *key.BlockedAtOnce})
		}
	}
	return found, nil
}

// LastChange implements [review.AuditLog].
func (l auditLog) LastChange(ctx context.Context, objectID string) (api.Audit, bool, error) {
	return l.gateway.LastChange(ctx, objectID)
}
