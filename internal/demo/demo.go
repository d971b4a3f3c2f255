package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// demo is everything that one run starts and knows.
type demo struct {
	out      narrator
	dir      string
	bin      string
	adminKey string
	// upstreamKey is what the gateway shows to the model server.
	upstreamKey string
	upstream    *testenv.Upstream
	receiver    *testenv.Webhook
	slack       *testenv.Slack
	mail        *testenv.MailServer
	gateway     *gateway
	terraform   *terraformCLI
	// keys are the secrets of the teams' keys, by team id.
	keys map[string]string
	// told is how many alerts have been shown.
	told int
}

type step struct {
	title string
	run   func(context.Context) error
}

// steps is the story, in order.
func (d *demo) steps() []step {
	return []step{
		{"Start a gateway, a fake model server and receivers of alerts", d.start},
		{"Apply examples/quickstart: three teams with limits and budgets", d.apply},
		{"Plan again: nothing to do", d.planEmpty},
		{"Marketing may send 30 requests a minute: send 35 at once", d.hitRateLimit},
		{"Research spends until it is warned", d.spendToSoftLimit},
		{"Research spends on until it is refused", d.spendToCap},
		{"Review a change of research's budget before it is applied", d.reviewChange},
		{"Apply the change: research goes on at once", d.applyChange},
		{"Somebody changes marketing behind Terraform's back", d.drift},
		{"Apply repairs it", d.repair},
		{"A team made by hand comes under Terraform as it is", d.adopt},
		{"Destroy everything and stop", d.destroy},
	}
}

// newDemo makes what every step needs; the servers and programs start in the first step.
func newDemo(ctx context.Context, w io.Writer) (*demo, error) {
	bin, err := filepath.Abs("bin")
	if err != nil {
		return nil, fmt.Errorf("find bin/: %w", err)
	}
	for _, program := range []string{"bursar", "terraform-provider-bursar"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			return nil, fmt.Errorf("bin/%s is not there: run make demo, which builds it, in the project's folder", program)
		}
	}
	dir, err := os.MkdirTemp("", "bursar-demo-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	d := &demo{
		out: narrator{w}, dir: dir, bin: bin, keys: map[string]string{},
		adminKey: "sk-demo-" + rand.Text(), upstreamKey: "sk-upstream-" + rand.Text(),
	}
	if err := d.startServers(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// startServers starts what stands in for the outside world, in this process.
func (d *demo) startServers(ctx context.Context) error {
	secret := rand.Text() + rand.Text()
	var err error
	if d.upstream, err = testenv.NewUpstream(testenv.UpstreamOptions{APIKey: d.upstreamKey}); err != nil {
		return fmt.Errorf("start the fake model server: %w", err)
	}
	if d.receiver, err = testenv.NewWebhook(testenv.WebhookOptions{Secret: secret}); err != nil {
		return fmt.Errorf("start the webhook receiver: %w", err)
	}
	if d.slack, err = testenv.NewSlack(testenv.SlackOptions{}); err != nil {
		return fmt.Errorf("start the fake Slack: %w", err)
	}
	if d.mail, err = testenv.NewMailServer(testenv.MailServerOptions{TLS: "none"}); err != nil {
		return fmt.Errorf("start the mail server: %w", err)
	}
	d.terraform, err = newTerraform(ctx, d.dir, d.bin, map[string]string{
		"BURSAR_ADMIN_KEY":      d.adminKey,
		"TF_VAR_webhook_url":    d.receiver.URL(),
		"TF_VAR_webhook_secret": secret,
	})
	return err
}

// close stops everything that was started and removes the temporary folder.
func (d *demo) close() error {
	var errs []error
	if d.gateway != nil {
		errs = append(errs, d.gateway.stop())
	}
	if d.upstream != nil {
		errs = append(errs, d.upstream.Close())
	}
	if d.receiver != nil {
		errs = append(errs, d.receiver.Close())
	}
	if d.slack != nil {
		errs = append(errs, d.slack.Close())
	}
	if d.mail != nil {
		errs = append(errs, d.mail.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

// explain adds to a step's error what helps to understand it.
func (d *demo) explain(ctx context.Context, number int, title string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	if d.gateway != nil {
		d.out.say("The gateway's last words:")
		d.out.show(d.gateway.lastWords(20))
	}
	return fmt.Errorf("step %d (%s): %w", number, title, err)
}
