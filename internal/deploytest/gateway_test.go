package deploytest

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

const (
	adminKey   = "sk-admin-of-the-deployment-tests"
	metricsKey = "sk-metrics-of-the-deployment-tests"
)

// example is the path of a file of examples/.
func example(name string) string { return filepath.Join("../../examples", name) }

func readExample(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(example(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// startGateway serves a gateway.yaml in this process over a data directory, and returns its address.
func startGateway(t *testing.T, dir, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(path, func(name string) string {
		return map[string]string{
			"BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_ADMIN_KEY": adminKey, "BURSAR_METRICS_KEY": metricsKey, "BURSAR_DATA_DIR": dir,
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := app.New(t.Context(), app.Options{Config: settings, Logger: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	gateway.Start()
	t.Cleanup(func() { _ = gateway.Stop(context.WithoutCancel(t.Context())) })
	return gateway.URL()
}

// ask sends a request and returns the answer's status and body.
func ask(t *testing.T, method, address, key, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(said)
}

// newKey makes a key and returns its secret.
func newKey(t *testing.T, gateway, body string) string {
	t.Helper()
	status, said := ask(t, "POST", gateway+"/key/generate", adminKey, body)
	var made struct{ Key string }
	if err := json.Unmarshal([]byte(said), &made); err != nil || status != http.StatusOK {
		t.Fatalf("make a key: %d %s", status, said)
	}
	return made.Key
}

// await polls until the condition holds, and fails with what it last said.
func await(t *testing.T, patience time.Duration, condition func() (done bool, state string)) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		done, state := condition()
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(state)
		}
	}
}

// check runs a program that says whether a file is right, and returns what it printed.
func check(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Fatalf("%s is not installed; make test installs it", program)
	}
	output, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", program, strings.Join(arguments, " "), err, output)
	}
	return string(output)
}
