package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/review/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// exitNeedsApproval is the exit code of a review whose changes exceed the policy.
const exitNeedsApproval = exitError(2)

// reviewCommand says what a plan does to quotas.
type reviewCommand struct {
	Plan     string `arg:"" optional:"" help:"A plan in JSON: terraform plan -out=tfplan && terraform show -json tfplan > plan.json. - reads standard input."`
	Endpoint string `help:"Address of a gateway to ask what has been spent already." env:"BURSAR_ENDPOINT"`
	AdminKey string `help:"Admin key of that gateway." env:"BURSAR_ADMIN_KEY"`
	jobToken
	Policy         string  `help:"A quota-policy.yaml that says what deserves a warning and who must agree." type:"existingfile"`
	TestPolicy     string  `help:"Try the cases of this file on the policy instead of reviewing a plan." type:"existingfile"`
	PolicySchema   bool    `help:"Print the JSON schema of a quota-policy.yaml, for editors, instead of reviewing a plan."`
	Post           string  `help:"Put the review up as one comment and a commit status, by the variables of the pipeline." enum:",github,gitlab,gitea" default:"" placeholder:"github|gitlab|gitea"`
	PostName       string  `help:"Tells the reviews of several pipelines on one pull request apart." default:"quotas"`
	Drift          bool    `help:"Say what was changed outside of Terraform instead, of a plan made with -refresh-only; --post comments on the pull request."`
	ChangesOut     string  `help:"Write what the plan changes to this file, for bursar approve --changes. Unlike the plan it holds nothing secret." placeholder:"FILE"`
	Replay         string  `help:"How far back the calls on record are decided again under the plan's limits: 14d, at most 30d. Needs the gateway." placeholder:"14d"`
	Offline        bool    `help:"Do not ask the gateway, even where its address is set."`
	Format         string  `help:"As markdown for a pull request, text for a terminal or json, with a line for every change, for programs." enum:"markdown,text,json" default:"markdown"`
	MaxIncreasePct float64 `help:"Exit with 2 when a limit grows by more than this percentage; 0 does not."`
}

// Help explains the exit codes.
func (reviewCommand) Help() string {
	return `Writes what the plan does to standard output, as Markdown for a pull request unless --format says otherwise.

With the address of a gateway it says as well what has been spent, and what the plan would do as of now. A gateway that
does not answer is an error then, after the review of the plan itself; --offline does without it.

Exit codes: 0 reviewed, 1 the plan could not be read or the gateway did not answer, 2 a change needs approval
(--policy, --max-increase-pct), or with --drift something was changed outside of Terraform. With --test-policy: 0 all cases came out as wanted, 1 one did not.`
}

// Run writes the review to standard output.
func (c reviewCommand) Run(ctx context.Context) error {
	if c.PolicySchema {
		return printPolicySchema()
	}
	if c.Drift {
		return c.drifted(ctx)
	}
	rules, err := c.policy()
	if err != nil {
		return err
	}
	if c.TestPolicy != "" {
		return testPolicy(c.TestPolicy, rules)
	}
	if c.Plan == "" {
		return errors.New("name a plan in JSON, or - for standard input")
	}
	plan, err := openPlan(c.Plan)
	if err != nil {
		return err
	}
	defer plan.Close()
	if c.ChangesOut != "" {
		if plan, err = writeChanges(c.ChangesOut, plan); err != nil {
			return err
		}
	}
	options := review.Options{MaxIncreasePct: c.MaxIncreasePct, Policy: rules, Format: c.Format}
	if c.Endpoint != "" && !c.Offline {
		gateway, err := c.open(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-review/" + version})
		if err != nil {
			return err
		}
		options.Usage, options.Gateway, options.Foretell = usage{gateway}, usage{gateway}, gateway
		options.Calls, options.Peaks = gateway, gateway
		if c.Replay != "" {
			options.Replay = past{gateway, c.Replay}
		}
	}
	if c.Replay != "" && options.Replay == nil {
		return errors.New("--replay needs the gateway: set --endpoint, and leave --offline out")
	}
	result, err := review.Render(ctx, os.Stdout, plan, options)
	if err != nil {
		return fmt.Errorf("review %s: %w", c.Plan, err)
	}
	if err := c.put(ctx, result, rules); err != nil {
		return err
	}
	if result.Asking != nil {
		return fmt.Errorf("ask the gateway, which --offline does without: %w", result.Asking)
	}
	if !result.NeedsApproval {
		return nil
	}
	for i, reason := range result.Reasons {
		if i == mostReasons {
			fmt.Fprintf(os.Stderr, "bursar: and %d more\n", len(result.Reasons)-i)
			break
		}
		fmt.Fprintln(os.Stderr, "bursar: needs approval: "+reason)
	}
	return exitNeedsApproval
}

// mostReasons is how many reasons standard error names; the review has them all.
const mostReasons = 20

// postTimeout bounds what a host of pull requests may take.
const postTimeout = time.Minute

// put puts the review up, if that is asked for.
func (c reviewCommand) put(ctx context.Context, result review.Result, rules *policy.Policy) error {
	if c.Post == "" {
		return nil
	}
	var managed []string
	if rules != nil {
		managed = rules.Labels()
	}
	return publish(ctx, c.Post, post.Review{
		Name: c.PostName, Markdown: result.Markdown, Summary: result.Summary(), Changes: result.Changes, NeedsApproval: result.NeedsApproval,
		Reviewers: result.Reviewers, Labels: result.Labels, Managed: managed,
	})
}

// publish puts a review up on the pull request that the pipeline runs for.
func publish(ctx context.Context, where string, review post.Review) error {
	open := map[string]func(func(string) string, *http.Client) (post.Host, error){"github": post.GitHub, "gitlab": post.GitLab, "gitea": post.Gitea}[where]
	review.Link = pipelineLink(where)
	host, err := open(os.Getenv, &http.Client{Timeout: postTimeout})
	if err != nil {
		return fmt.Errorf("--post %s: %w", where, err)
	}
	outcome, err := post.Publish(ctx, host, review)
	if err != nil {
		return fmt.Errorf("--post %s: %w", where, err)
	}
	fmt.Fprintf(os.Stderr, "bursar: the comment is %s\n", outcome)
	return nil
}

// pipelineLink leads to the pipeline's run, "" where its variables do not tell.
func pipelineLink(where string) string {
	if where == "gitlab" {
		return os.Getenv("CI_PIPELINE_URL")
	}
	if os.Getenv("GITHUB_RUN_ID") == "" {
		return ""
	}
	return os.Getenv("GITHUB_SERVER_URL") + "/" + os.Getenv("GITHUB_REPOSITORY") + "/actions/runs/" + os.Getenv("GITHUB_RUN_ID")
}

// policy reads the rules, if any are named.
func (c reviewCommand) policy() (*policy.Policy, error) {
	if c.Policy == "" {
		if c.TestPolicy != "" {
			return nil, errors.New("--test-policy needs the policy that it tests: --policy quota-policy.yaml")
		}
		return nil, nil //nolint:nilnil // no policy is a policy
	}
	data, err := os.ReadFile(c.Policy)
	if err != nil {
		return nil, fmt.Errorf("open the policy: %w", err)
	}
	return policy.Read(c.Policy, data)
}

// drifted reviews what was changed outside of Terraform.
func (c reviewCommand) drifted(ctx context.Context) error {
	if c.Plan == "" {
		return errors.New("name a plan in JSON, or - for standard input")
	}
	if c.Policy != "" || c.Replay != "" || c.MaxIncreasePct != 0 || c.Format != review.Markdown {
		return errors.New("--drift tells of what was changed already: leave --policy, --replay, --format and --max-increase-pct out")
	}
	name := c.PostName
	if name == "quotas" { // whose comment is the review's
		name = "drift"
	}
	return driftCommand{Plan: c.Plan, Endpoint: c.Endpoint, AdminKey: c.AdminKey, jobToken: c.jobToken, Offline: c.Offline, Post: c.Post, PostName: name, onPullRequest: true}.Run(ctx)
}

func printPolicySchema() error {
	schema, err := policy.Schema()
	if err == nil {
		_, err = os.Stdout.Write(schema)
	}
	return err
}

// testPolicy says which cases of a file come out otherwise than they should.
func testPolicy(path string, rules *policy.Policy) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("open the tests: %w", err)
	}
	cases, err := policy.ReadCases(path, data)
	if err != nil {
		return err
	}
	var failed []error
	for _, c := range cases {
		verdicts, err := review.Judge(rules, c.Type, c.Action, c.Before, c.After)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", path, c.Name, err)
		}
		failed = append(failed, c.Check(verdicts))
	}
	if err := errors.Join(failed...); err != nil {
		return err
	}
	fmt.Printf("%d cases came out as they should.\n", len(cases))
	return nil
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

// past decides calls of the past again, by a gateway.
type past struct {
	gateway *client.Client
	over    string
}

// Replay implements [review.Replayer].
func (p past) Replay(ctx context.Context, changes []api.QuotaChange) (api.QuotaReplay, error) {
	return p.gateway.ReplayQuota(ctx, p.over, changes)
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
