package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// importCommand moves in.
type importCommand struct {
	LiteLLM importLiteLLMCommand `cmd:"" name:"litellm" help:"Bring teams, users, keys, budgets, models and spending of a LiteLLM proxy to a gateway."`
	Config  importConfigCommand  `cmd:"" name:"litellm-config" help:"Write gateway.yaml for LiteLLM's config.yaml."`
}

// importConfigCommand converts a configuration.
type importConfigCommand struct {
	File string `arg:"" help:"Path of LiteLLM's config.yaml." type:"existingfile"`
}

// Help explains what goes where.
func (importConfigCommand) Help() string {
	return `Writes gateway.yaml to standard output, and to standard error what of LiteLLM's file is not carried over as it was, by weight.

  bursar import litellm-config config.yaml > gateway.yaml
  bursar check-config gateway.yaml`
}

// Run writes the configuration.
func (c importConfigCommand) Run(stdout io.Writer) error {
	in, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("read LiteLLM's configuration: %w", err)
	}
	found, err := litellm.Config(in, stdout)
	if err != nil {
		return err
	}
	found.Write(os.Stderr)
	return nil
}

// importLiteLLMCommand brings an estate.
type importLiteLLMCommand struct {
	From        string   `help:"LiteLLM: its database, postgres://USER:PASSWORD@HOST/NAME, which is read only; or its address, http(s)://…, with --from-key." env:"LITELLM_DATABASE_URL" placeholder:"URL"`
	FromKey     string   `help:"LiteLLM's master key, with an address." env:"LITELLM_MASTER_KEY" placeholder:"KEY"`
	FromKeyFile string   `help:"File with LiteLLM's master key." type:"existingfile" placeholder:"FILE"`
	SaltKey     string   `help:"LITELLM_SALT_KEY of the proxy, or its master key when it has none: opens the models that its database keeps." env:"LITELLM_SALT_KEY" placeholder:"KEY"`
	Endpoint    string   `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:"" placeholder:"URL"`
	AdminKey    string   `help:"Admin key of the gateway's configuration." env:"BURSAR_ADMIN_KEY" required:"" placeholder:"KEY"`
	Rename      bool     `help:"Give objects whose ids the gateway does not take, such as those with spaces, the ids that the plan proposes."`
	HistoryDays int      `help:"How many days of what was spent are brought to usage, forecasts and advice, from LiteLLM's database; 0 for none." default:"62" placeholder:"DAYS"`
	ExceptKey   []string `help:"Leave out the key with this alias and what days have cost by it: that by which the gateway calls LiteLLM, whose calls count here already." placeholder:"ALIAS"`
	Origin      string   `help:"Name under which all is brought, compared and taken back. When several proxies move into one gateway, give each its own: balances and days of one take the place of another's under the same name." default:"litellm" placeholder:"NAME"`
	Prune       bool     `help:"Delete keys that an import of this --origin made and that LiteLLM no longer has."`
	Reason      string   `help:"Why, for the audit log." default:"moving in from LiteLLM" placeholder:"TEXT"`
	Apply       bool     `help:"Do what the plan says." xor:"what"`
	Verify      bool     `help:"Compare what the gateway has with LiteLLM: objects, limits, every key's digest, spending." xor:"what"`
	Rollback    bool     `help:"Take away what imports of --origin made and nobody changed since, with its balances and days." xor:"what"`
}

// Help explains the steps.
func (importLiteLLMCommand) Help() string {
	return `Without --apply nothing is changed: a plan says what would be made, by kind, and what is not carried over as it was, by weight.
Applications keep their keys: LiteLLM stores the SHA-256 of each, which opens the key here as well. What was spent in the running
periods counts. The same command again takes only what differs, until applications are switched over.

  bursar import litellm --from postgres://…            a plan
  bursar import litellm --from postgres://… --apply    again and again, until the switch
  bursar import litellm --from postgres://… --verify   after it

Exit codes: 0 done, 1 failed, or --verify found differences, 2 the command line makes no sense.`
}

// Validate refuses what no import could do.
func (c importLiteLLMCommand) Validate() error {
	if err := litellm.CheckOrigin(c.Origin); err != nil {
		return fmt.Errorf("--origin: %w", err)
	}
	return nil
}

// Run plans, applies, verifies or rolls back.
func (c importLiteLLMCommand) Run(ctx context.Context, out io.Writer) error {
	gateway, err := client.New(client.Options{
		Endpoint: c.Endpoint, AdminKey: c.AdminKey, Actor: litellm.ActorOf(c.Origin), Reason: c.Reason, UserAgent: "bursar-import/" + version,
	})
	if err != nil {
		return fmt.Errorf("--endpoint: %w", err)
	}
	if c.Rollback {
		return litellm.Rollback(ctx, gateway, c.Origin, out)
	}
	estate, err := c.read(ctx)
	if err != nil {
		return err
	}
	plan, err := litellm.NewPlan(ctx, gateway, estate, litellm.Options{Rename: c.Rename, Prune: c.Prune, Origin: c.Origin, Except: c.ExceptKey, Now: time.Now()})
	if err != nil {
		return err
	}
	if c.Verify {
		return plan.Verify(out)
	}
	plan.Write(out)
	if !c.Apply {
		_, err = fmt.Fprintln(out, "\nNothing is changed yet: --apply does it.")
		return err //nolint:wrapcheck // standard output is where the reader is
	}
	return plan.Apply(ctx, out)
}

// read asks LiteLLM.
func (c importLiteLLMCommand) read(ctx context.Context) (litellm.Estate, error) {
	if c.From == "" {
		return litellm.Estate{}, errors.New("--from is needed: LiteLLM's database, postgres://USER:PASSWORD@HOST/NAME, or its address, https://…")
	}
	if strings.HasPrefix(c.From, "postgres://") || strings.HasPrefix(c.From, "postgresql://") {
		var since time.Time
		if c.HistoryDays > 0 {
			since = time.Now().AddDate(0, 0, -c.HistoryDays)
		}
		estate, err := litellm.FromPostgres(ctx, c.From, since)
		if err == nil && c.SaltKey != "" {
			estate.Unseal(c.SaltKey)
		}
		return estate, err
	}
	key := c.FromKey
	if c.FromKeyFile != "" {
		data, err := os.ReadFile(c.FromKeyFile)
		if err != nil {
			return litellm.Estate{}, fmt.Errorf("--from-key-file: %w", err)
		}
		key = strings.TrimSpace(string(data))
	}
	if key == "" {
		return litellm.Estate{}, errors.New("--from-key or --from-key-file is needed with LiteLLM's address: its master key")
	}
	return litellm.FromAPI(ctx, c.From, key)
}
