package provider_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const adminKey = "sk-admin-of-the-acceptance-tests"

// gateway is a real gateway in the test's process, behind a proxy that tests can let fail.
type gateway struct {
	t testing.TB
	// URL is the proxy's address, which the provider is given.
	URL string
	// Client goes to the gateway past the proxy: it is whoever works behind Terraform's back.
	*client.Client
	fault atomic.Pointer[fault]
}

// fault sees every request of the provider; next is the gateway.
type fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// TestMain makes the tests alone decide about the provider, whatever the environment says.
func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"BURSAR_ENDPOINT": "", "BURSAR_ADMIN_KEY": "", "BURSAR_CHANGE_REASON": "", "BURSAR_APPROVED_REVIEW": "", "BURSAR_OIDC_AUDIENCE": "", "CHECKPOINT_DISABLE": "1",
	} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	if err := takeCores(); err != nil {
		panic(err)
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	folder, err := os.MkdirTemp("", "bursar-provider")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	builtFolder = folder
	return testenv.MainPostgres(m)
}

// startGateway is for tests that run in parallel with others.
func startGateway(t *testing.T) *gateway {
	t.Helper()
	t.Parallel()
	return startGatewayAlone(t)
}

// startGatewayAlone is for tests that set the environment.
func startGatewayAlone(t testing.TB) *gateway {
	t.Helper()
	return startGatewayWith(t, func(*config.Config) {})
}

// startGatewayWith is for tests of a gateway whose file says more.
func startGatewayWith(t testing.TB, say func(*config.Config)) *gateway {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: acceptance tests run with make testacc")
	}
	dir := t.TempDir()
	storetest.SQLite(t, dir)
	settings, err := config.Load("", func(name string) string {
		return map[string]string{"BURSAR_ADMIN_KEY": adminKey, "BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_DATA_DIR": dir}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	settings.AllowPrivateTargets, settings.UpstreamNetworks = true, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	say(&settings)
	running, err := app.New(t.Context(), app.Options{Config: settings, Logger: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	running.Start()
	t.Cleanup(func() {
		if err := running.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("stop the gateway: %s", err)
		}
	})
	g := &gateway{t: t}
	g.Client = newClient(t, running.URL())
	g.startProxy(running.URL())
	return g
}

func newClient(t testing.TB, endpoint string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{Endpoint: endpoint, AdminKey: adminKey, Actor: "mallory", RetryMax: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (g *gateway) startProxy(target string) {
	address, err := url.Parse(target)
	if err != nil {
		g.t.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(address)
	next.ErrorLog = log.New(g.t.Output(), "in front of the gateway: ", 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := g.fault.Load(); f != nil {
			(*f)(w, r, next)
			return
		}
		next.ServeHTTP(w, r)
	}))
	g.t.Cleanup(server.Close)
	g.URL = server.URL
}

// between puts f between provider and gateway until the test ends or heal is called.
func (g *gateway) between(f fault) { g.fault.Store(&f) }

func (g *gateway) heal() { g.fault.Store(nil) }

// config is a configuration with the provider in front.
func (g *gateway) config(resources ...string) string {
	return fmt.Sprintf("provider \"bursar\" {\n  endpoint    = %q\n  admin_key   = %q\n  max_retries = 2\n}\n\n", g.URL, adminKey) +
		strings.Join(resources, "\n")
}

// must turns what the API answers behind Terraform's back into a step of a test.
func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// says matches a text in an error message, wherever Terraform has broken its lines.
func says(text string) *regexp.Regexp {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = regexp.QuoteMeta(word)
	}
	return regexp.MustCompile(strings.Join(words, `[\s│]+`))
}

// saysAt matches an error that shows a line of the configuration and has a text below.
func saysAt(line, text string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)` + says(line).String() + `.*` + says(text).String())
}
