package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// reviewChange raises research's budget in the configuration and shows what a reviewer sees.
func (d *demo) reviewChange(ctx context.Context) error {
	if err := d.terraform.set("research", "max_budget", "1500"); err != nil {
		return err
	}
	const plan = "change.tfplan"
	if _, err := d.terraform.plan(ctx, planHasChanges, "-out="+plan); err != nil {
		return err
	}
	planJSON, err := d.terraform.run(ctx, 0, "show", "-json", plan)
	if err != nil {
		return err
	}
	path := filepath.Join(d.terraform.dir, "plan.json")
	if err := os.WriteFile(path, []byte(planJSON), 0o600); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	markdown, err := d.review(ctx, path)
	if err != nil {
		return err
	}
	d.out.say("terraform show -json change.tfplan > plan.json && bin/bursar review plan.json --replay 1d")
	d.out.show(markdown)
	for _, part := range []string{"| `bursar_team.research` |", "| $1,000.00 | $1,500.00 | +50 % ($500.00 more) |", "| $990", "**Replay of the last day**"} {
		if !strings.Contains(markdown, part) {
			return fmt.Errorf("the review does not say %q", part)
		}
	}
	return nil
}

func (d *demo) review(ctx context.Context, path string) (markdown string, err error) {
	command := exec.CommandContext(ctx, filepath.Join(d.bin, "bursar"), "review", path, "--replay", "1d")
	command.Env = environment(map[string]string{"BURSAR_ENDPOINT": d.gateway.url, "BURSAR_ADMIN_KEY": d.adminKey})
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("bursar review: %w: %s", err, stderr.String())
	}
	return string(output), nil
}

// applyChange applies the reviewed plan; the very next request profits from it.
func (d *demo) applyChange(ctx context.Context) error {
	output, err := d.terraform.run(ctx, 0, "apply", "-no-color", "-input=false", "change.tfplan")
	if err != nil {
		return err
	}
	d.out.show(linesWith(output, "Apply complete!"))
	a, err := d.chat(ctx, "research", dear)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return fmt.Errorf("research is still refused after its budget was raised:\n%s", a)
	}
	d.out.say("Research's next request is answered: %d %s.", a.status, http.StatusText(a.status))
	return nil
}
