//go:build release

package deploytest

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const (
	// rollingCalls is how many calls there are at least while gateways are restarted.
	rollingCalls = 10_000
	// rollingRounds is how often each gateway is restarted.
	rollingRounds = 3
	// rollingClients send one call after the other on a connection that they keep.
	rollingClients = 24
)

// nginxDefaults passes calls on and sets nothing that it need not.
const nginxDefaults = `events {}
http {
  upstream gateways { server gateway-1:4000; server gateway-2:4000; }
  server { listen 4000; location / { proxy_pass http://gateways; } }
}`

// Each of two gateways behind nginx is told to stop and started again, several times in turn, one right after the other.
// No call fails: not with nginx as it is when nobody sets anything, and not with what examples/ sets.
func TestRollingRestart_failsNoCall(t *testing.T) {
	program := filepath.Join(t.TempDir(), "bursar")
	buildProgram(t, "go build -o /image/usr/bin/bursar ./gateway/cmd/bursar", program)
	for name, configuration := range map[string]string{"defaults": nginxDefaults, "examples": readExample(t, "compose/nginx.conf")} {
		t.Run(name, func(t *testing.T) {
			fleet, _ := startFleet(t, program)
			address := startNginx(t, configuration, fleet)
			key := newKey(t, "http://"+fleet[0].listen, `{}`)
			stop := make(chan struct{})
			result := callSteadily(t, "http://"+address, key, stop)
			for range rollingRounds {
				for _, gateway := range fleet {
					gateway.restart(t)
				}
			}
			await(t, 5*time.Minute, func() (bool, string) {
				calls := result.answered.Load() + result.failed.Load()
				return calls >= rollingCalls, fmt.Sprintf("%d calls only", calls)
			})
			close(stop)
			result.clients.Wait()
			t.Logf("%d calls answered, %d failed, on %d connections, during %d restarts", result.answered.Load(), result.failed.Load(), rollingClients, rollingRounds*len(fleet))
			if result.failed.Load() > 0 {
				t.Errorf("%d calls of %d failed, the first with %v", result.failed.Load(), result.answered.Load()+result.failed.Load(), result.first.Load())
			}
		})
	}
}

// member is one gateway of several, as a process.
type member struct {
	program, listen, file string
	environment           []string
	process               *exec.Cmd
}

// startFleet starts two gateways with settings that are all defaults, but for their stores.
func startFleet(t *testing.T, program string) ([]*member, *testenv.Upstream) {
	t.Helper()
	provider := testenv.StartUpstream(t, testenv.UpstreamOptions{KeepRequests: -1, Default: testenv.Behaviour{Delay: 50 * time.Millisecond}})
	redis, database := testenv.StartRedis(t), testenv.Postgres(t)
	var fleet []*member
	for range 2 {
		dir := t.TempDir()
		m := &member{program: program, listen: testenv.FreeAddress(t), file: filepath.Join(dir, "gateway.yaml")}
		configuration := fmt.Sprintf("listen: %s\ndata_dir: %s\ndatabase_url: %q\nredis_url: %q\nadmin_key: %s\nsecret_key: %s\nmodels:\n  - name: m\n    base_url: %s\n    api_key: sk-provider\n    price: {input_per_million_usd: 1, output_per_million_usd: 2}\n",
			m.listen, dir, database, redis.URL(), adminKey, filled["BURSAR_SECRET_KEY"], provider.URL())
		if err := os.WriteFile(m.file, []byte(configuration), 0o600); err != nil {
			t.Fatal(err)
		}
		m.start(t)
		t.Cleanup(func() { _ = m.process.Process.Kill(); _ = m.process.Wait() })
		fleet = append(fleet, m)
	}
	return fleet, provider
}

func (m *member) start(t *testing.T) {
	t.Helper()
	m.process = exec.Command(m.program, "serve", "--config", m.file)
	if err := m.process.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, func() (bool, string) {
		status, said := ask(t, "GET", "http://"+m.listen+"/health/readiness", "", "")
		return status == http.StatusOK, "it is not ready: " + said
	})
}

// restart tells the gateway to stop, waits for its end and starts it again.
func (m *member) restart(t *testing.T) {
	t.Helper()
	if err := m.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := m.process.Wait(); err != nil {
		t.Errorf("a gateway that is restarted ended with %v", err)
	}
	m.start(t)
}

// startNginx starts nginx with a configuration in which gateways are called gateway-1:4000 and so on, and returns its address.
func startNginx(t *testing.T, configuration string, fleet []*member) string {
	t.Helper()
	if _, err := exec.LookPath("nginx"); err != nil {
		t.Fatal("nginx is not installed; make test-release says how to install it")
	}
	dir, listen := t.TempDir(), testenv.FreeAddress(t)
	for i, m := range fleet {
		configuration = strings.ReplaceAll(configuration, fmt.Sprintf("gateway-%d:4000", i+1), m.listen)
	}
	configuration = strings.ReplaceAll(configuration, "listen 4000;", "listen "+listen+";")
	for _, folder := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		configuration = strings.Replace(configuration, "http {", "http {\n  "+folder+"_temp_path "+filepath.Join(dir, folder)+";", 1)
	}
	configuration = strings.Replace(configuration, "http {", "http {\n  access_log off;", 1)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte("daemon off;\npid "+filepath.Join(dir, "pid")+";\nerror_log stderr error;\n"+configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := exec.Command("nginx", "-e", "stderr", "-p", dir, "-c", file)
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nginx.Process.Signal(syscall.SIGTERM); _ = nginx.Wait() })
	await(t, time.Minute, func() (bool, string) {
		status, said := ask(t, "GET", "http://"+listen+"/health/readiness", "", "")
		return status == http.StatusOK, "nginx does not pass calls on: " + said
	})
	return listen
}

// steadily is what became of calls.
type steadily struct {
	clients          sync.WaitGroup
	answered, failed atomic.Int64
	first            atomic.Value
}

// callSteadily sends calls from several clients until stop is closed. None of them is sent again.
func callSteadily(t *testing.T, address, key string, stop chan struct{}) *steadily {
	result := &steadily{}
	for range rollingClients {
		result.clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: time.Minute}
			for {
				select {
				case <-stop:
					return
				default:
				}
				if said := callOnce(t, client, address, key); said == "" {
					result.answered.Add(1)
				} else {
					result.failed.Add(1)
					result.first.CompareAndSwap(nil, said)
				}
			}
		})
	}
	return result
}

// callOnce returns what was wrong. The body cannot be read again, so the client does not repeat the call by itself.
func callOnce(t *testing.T, client *http.Client, address, key string) (wrong string) {
	body := io.MultiReader(strings.NewReader(`{"model":"m","max_tokens":10,"messages":[{"role":"user","content":"Hello"}]}`))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/v1/chat/completions", body)
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(said), `"total_tokens"`) {
		return fmt.Sprintf("%d %s %v", answer.StatusCode, said, err)
	}
	return ""
}
