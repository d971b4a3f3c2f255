package adapter

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
)

// Fixed is any gateway whose keys were made beforehand, by scenario: what limits hold for them, and their secrets.
// Scenarios that it does not name are not run.
type Fixed map[string]FixedPot

// FixedPot is what was made for a scenario.
type FixedPot struct {
	Limits quotabench.Limits `json:"limits"`
	Keys   []string          `json:"keys"`
}

// ReadFixed reads the keys from a file of JSON.
func ReadFixed(path string) (Fixed, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	var pots Fixed
	if err := json.Unmarshal(text, &pots); err != nil {
		return nil, fmt.Errorf(`read the keys in %s, which looks like {"requests": {"limits": {"requests_per_minute": 60}, "keys": ["sk-…"]}}: %w`, path, err)
	}
	names := map[string]bool{}
	for _, name := range quotabench.Names() {
		names[name] = true
	}
	for name, pot := range pots {
		if !names[name] {
			return nil, fmt.Errorf("%s names the scenario %q, which is none of %v", path, name, quotabench.Names())
		}
		if len(pot.Keys) == 0 {
			return nil, fmt.Errorf("%s has no keys for the scenario %q", path, name)
		}
	}
	return pots, nil
}

// Version implements [quotabench.Gateway].
func (f Fixed) Version(context.Context) (string, error) { return "a gateway with fixed keys", nil }

// Open implements [quotabench.Gateway].
func (f Fixed) Open(_ context.Context, scenario string, asked quotabench.Limits, _ int) (quotabench.Pot, error) {
	pot, made := f[scenario]
	switch {
	case !made:
		return quotabench.Pot{}, cannot("no keys were made for it")
	case lacks(asked.RequestsPerMinute, pot.Limits.RequestsPerMinute), lacks(asked.TokensPerMinute, pot.Limits.TokensPerMinute),
		lacks(asked.ParallelRequests, pot.Limits.ParallelRequests), lacks(int64(asked.Budget), int64(pot.Limits.Budget)):
		return quotabench.Pot{}, fmt.Errorf("the keys of scenario %q need a limit of the kind of %+v", scenario, asked)
	}
	return quotabench.Pot{ID: scenario, Keys: pot.Keys, Limits: pot.Limits}, nil
}

func lacks(asked, has int64) bool { return asked > 0 && has == 0 }

// Change implements [quotabench.Gateway].
func (f Fixed) Change(context.Context, quotabench.Pot, quotabench.Limits) error {
	return cannot("limits are fixed")
}

// Spent implements [quotabench.Gateway].
func (f Fixed) Spent(context.Context, quotabench.Pot) (money.Nano, error) {
	return 0, cannot("what was spent is not told")
}
