//go:build release

package deploytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// previous is the state that gateways are brought up to date from: the last one before the tables changed. BURSAR_PREVIOUS
// names another commit.
const previous = "2e0d412516861cfce1b0d7fcfb3b1e00683fbbb8"

// callsBetween is how many calls there are before and after each step of an upgrade.
const callsBetween = 1000

// Two gateways of an earlier version are replaced one after the other under load, so that both versions serve side by
// side on one PostgreSQL and one Redis. No call fails, and what the budget counts is what the provider bills.
func TestRollingUpgrade_losesNothing(t *testing.T) {
	dir := t.TempDir()
	now, before := filepath.Join(dir, "now"), filepath.Join(dir, "before")
	buildProgram(t, "go build -o /image/usr/bin/bursar ./gateway/cmd/bursar", now)
	commit := previous
	if other := os.Getenv("BURSAR_PREVIOUS"); other != "" {
		commit = other
	}
	// A clone without history lacks the commit, and says so.
	buildProgram(t, fmt.Sprintf("mkdir %[1]s/source && git archive %[2]s > %[1]s/source.tar && tar -xf %[1]s/source.tar -C %[1]s/source && cd %[1]s/source && go build -o /image/usr/bin/bursar ./gateway/cmd/bursar", dir, commit), before)

	fleet, provider := startFleet(t, before)
	address := startNginx(t, nginxDefaults, fleet)
	key := newKey(t, "http://"+fleet[0].listen, `{"max_budget":1000,"budget_duration":"30d","rpm_limit":10000000}`)
	stop := make(chan struct{})
	result := callSteadily(t, "http://"+address, key, stop)
	more := func() {
		t.Helper()
		wanted := result.answered.Load() + callsBetween
		await(t, 5*time.Minute, func() (bool, string) {
			return result.answered.Load() >= wanted, fmt.Sprintf("%d calls answered, %d failed", result.answered.Load(), result.failed.Load())
		})
	}
	more()
	for _, gateway := range fleet {
		gateway.program = now
		gateway.restart(t)
		more()
	}
	close(stop)
	result.clients.Wait()
	t.Logf("%d calls answered, %d failed", result.answered.Load(), result.failed.Load())
	if result.failed.Load() > 0 {
		t.Errorf("%d calls failed, the first with %v", result.failed.Load(), result.first.Load())
	}
	bill := provider.Billed()
	billed := money.Nano(bill.PromptTokens*1000 + bill.CompletionTokens*2000) // as startFleet prices them
	await(t, time.Minute, func() (bool, string) {
		status, said := ask(t, "GET", "http://"+fleet[0].listen+"/key/info?key="+key, adminKey, "")
		var answer struct {
			Info struct{ Spend money.Nano } `json:"info"`
		}
		if err := json.Unmarshal([]byte(said), &answer); err != nil || status != http.StatusOK {
			return false, said
		}
		return answer.Info.Spend == billed, fmt.Sprintf("the budget counts %s, the provider bills %s for %d calls", answer.Info.Spend, billed, result.answered.Load())
	})
}
