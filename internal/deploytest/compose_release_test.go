//go:build release

package deploytest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.MainPostgres(m)) }

// The arrangement of the compose file from plain processes: two gateways with its file, its command and its environment,
// on a PostgreSQL, and a Redis that is started as it says. A team's budget holds over both, and either may end.
func TestCompose_arrangementServes(t *testing.T) {
	project := readCompose(t)
	program := filepath.Join(t.TempDir(), "bursar")
	buildProgram(t, "go build -o /image/usr/bin/bursar ./gateway/cmd/bursar", program)
	provider := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	redis := testenv.StartRedis(t, project.Services["redis"].Command[1:]...)
	database := testenv.Postgres(t)
	var gateways []string
	var processes []*exec.Cmd
	for _, name := range []string{"gateway-1", "gateway-2"} {
		service := project.Services[name]
		listen := testenv.FreeAddress(t)
		dir := t.TempDir()
		config := strings.NewReplacer("0.0.0.0:4000", listen, "https://api.openai.com/v1", provider.URL()).Replace(readExample(t, "compose/gateway.yaml"))
		config += "    price: {input_per_million_usd: 1, output_per_million_usd: 1000000}\ndrain_delay: 0s\n"
		file := filepath.Join(dir, "gateway.yaml")
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		arguments := append([]string(nil), service.Command...)
		for i, word := range arguments {
			if word == "/etc/bursar/gateway.yaml" {
				arguments[i] = file
			}
		}
		gateway := exec.CommandContext(t.Context(), program, arguments...)
		gateway.Env = []string{"BURSAR_DATA_DIR=" + dir}
		for key, value := range service.Environment {
			switch key {
			case "BURSAR_DATABASE_URL":
				value = &database
			case "BURSAR_REDIS_URL":
				value = new(redis.URL())
			}
			gateway.Env = append(gateway.Env, key+"="+*value)
		}
		gateway.Stderr = os.Stderr
		if err := gateway.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = gateway.Process.Kill(); _ = gateway.Wait() })
		await(t, time.Minute, func() (bool, string) {
			status, said := ask(t, "GET", "http://"+listen+"/health/readiness", "", "")
			return status == http.StatusOK, name + " is not ready: " + said
		})
		gateways, processes = append(gateways, "http://"+listen), append(processes, gateway)
	}
	if status, said := ask(t, "POST", gateways[0]+"/team/new", adminKey, `{"team_id":"a","max_budget":25,"rpm_limit":1000}`); status != http.StatusOK {
		t.Fatal(said)
	}
	key := newKey(t, gateways[1], `{"team_id":"a"}`)
	call := func(gateway string) (int, string) {
		return ask(t, "POST", gateway+"/v1/chat/completions", key, `{"model":"gpt-4.1-mini","max_tokens":10,"messages":[{"role":"user","content":"Hello"}]}`)
	}
	for i := range 2 { // ten tokens are ten dollars
		if status, said := call(gateways[i]); status != http.StatusOK {
			t.Fatalf("call %d: %d %s", i, status, said)
		}
	}
	for i, gateway := range gateways {
		if status, said := call(gateway); status != http.StatusForbidden || !strings.Contains(said, "budget_exceeded") {
			t.Errorf("gateway %d at the cap: %d %s", i, status, said)
		}
	}
	if err := processes[0].Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := processes[0].Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if status, said := ask(t, "GET", gateways[1]+"/team/info?team_id=a", adminKey, ""); status != http.StatusOK || !strings.Contains(said, fmt.Sprintf(`"spend":%s`, "20.0")) {
		t.Errorf("the other says %d %s", status, said)
	}
}
