package provider_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// bulkSize is how many teams, each with a key, are made, changed and deleted at once.
	bulkSize = 30
	// parallelism is how many resources Terraform works on at the same time.
	parallelism = 10
)

var bulkConfig = versions + fmt.Sprintf(`
variable "rpm_limit" {
  default = 30
}

resource "bursar_team" "all" {
  count     = %d
  team_id   = "team-${count.index}"
  models    = ["gpt"]
  rpm_limit = var.rpm_limit
}

resource "bursar_key" "all" {
  count     = %[1]d
  team_id   = "team-${count.index}"
  key_alias = "key-${count.index}"

  depends_on = [bursar_team.all]
}
`, bulkSize)

// requestsByPath counts the requests of the provider from here on.
func (g *gateway) requestsByPath() func() map[string]int {
	var mu sync.Mutex
	counts := map[string]int{}
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		counts[r.URL.Path]++
		mu.Unlock()
		next.ServeHTTP(w, r)
	})
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(counts)
	}
}

// Every change is one request. Before the first of them the plan's questions may be asked once more.
func TestAccBulk_aChangeIsOneRequest(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	c.write("main.tf", bulkConfig)
	for _, step := range []struct {
		args string
		want map[string]int
	}{
		{"plan", map[string]int{"/team/new": bulkSize, "/key/generate": bulkSize}},
		{"plan -var=rpm_limit=31", map[string]int{"/team/update": bulkSize}},
		{"plan -destroy -var=rpm_limit=31", map[string]int{"/key/delete": bulkSize, "/team/delete": bulkSize}},
	} {
		counts := g.requestsByPath()
		c.run(0, append(strings.Fields(step.args), "-no-color", "-input=false", "-out=plan")...)
		checks, changed := counts()["/quota/check"], 0
		for _, count := range step.want {
			changed += count
		}
		if checks > changed || (checks == 0) != strings.Contains(step.args, "-destroy") {
			t.Errorf("%s asked %d times about %d changes", step.args, checks, changed)
		}
		counts = g.requestsByPath()
		c.run(0, "apply", "-no-color", "-input=false", "plan")
		for path, count := range counts() {
			asked := path == "/quota/check" || path == "/team/info" || path == "/v2/team/list"
			if asked && count <= parallelism || path == "/key/info" && count == 1 { // the last is Configure's
				continue
			}
			if count != step.want[path] {
				t.Errorf("after %s: %d requests to %s, want %d", step.args, count, path, step.want[path])
			}
		}
		if counts()["/team/delete"]+counts()["/team/update"]+counts()["/team/new"] != bulkSize {
			t.Errorf("after %s: %v", step.args, counts())
		}
	}
}

// atMost answers 429 to what goes beyond that many requests in a second, as proxies do.
func atMost(perSecond int, refused *atomic.Int32) fault {
	var mu sync.Mutex
	var second time.Time
	var count int
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		mu.Lock()
		if now := time.Now().Truncate(time.Second); now != second {
			second, count = now, 0
		}
		count++
		over := count > perSecond
		mu.Unlock()
		if over {
			refused.Add(1)
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	}
}

func TestAccBulk_aRateLimitLosesNothing(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	c.write("main.tf", bulkConfig)
	var refused atomic.Int32
	g.between(atMost(15, &refused))
	c.apply()
	teams, keys := must[[]api.Team](t)(g.ListTeams(t.Context())), must[[]api.Key](t)(g.ListKeys(t.Context()))
	if len(teams) != bulkSize || len(keys) != bulkSize || refused.Load() == 0 {
		t.Errorf("%d teams, %d keys, %d requests refused", len(teams), len(keys), refused.Load())
	}
	c.plansNothing()
}
