package sdktest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const adminKey = "sk-admin-sdktest"

// gateway is a running gateway with a model of each provider, "gpt" and "claude", and keys.
type gateway struct {
	*app.App
	upstream *testenv.Upstream
	// open has no limits, once one request a minute, broke no money left, other another model.
	open, once, broke, other string
}

func startGateway(t *testing.T) *gateway {
	t.Helper()
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	loaded, err := config.Load("", func(name string) string {
		return map[string]string{
			"BURSAR_ADMIN_KEY": adminKey, "BURSAR_LISTEN": "127.0.0.1:0", "BURSAR_DATA_DIR": t.TempDir(),
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	price := &api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(money.USD), Output: new(money.USD)}}
	loaded.Models = []config.Model{
		{ID: "gpt", Name: "gpt", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "gpt-4.1-mini", Price: price},
		{ID: "claude", Name: "claude", Upstream: "anthropic", BaseURL: upstream.URL(), UpstreamModel: "claude-sonnet-4-6", Price: price},
	}
	running, err := app.New(t.Context(), app.Options{Config: loaded, Logger: slog.New(slog.DiscardHandler), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	running.Start()
	t.Cleanup(func() {
		if err := running.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	g := &gateway{App: running, upstream: upstream}
	g.open = g.newKey(t, `{}`)
	g.once = g.newKey(t, `{"rpm_limit":1}`)
	g.other = g.newKey(t, `{"models":["another"]}`)
	g.broke = g.newKey(t, `{"max_budget":0.000000001}`)
	return g
}

func (g *gateway) newKey(t *testing.T, body string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL()+"/key/generate", bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var made struct {
		Key string `json:"key"`
	}
	if err := json.Unmarshal(data, &made); err != nil || made.Key == "" {
		t.Fatalf("POST /key/generate: %d %s", response.StatusCode, data)
	}
	return made.Key
}
