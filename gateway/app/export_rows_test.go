package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/ledgerexport"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestGateway_whatACallWasForIsCountedAndExported sends tagged calls through a whole gateway.
func TestGateway_whatACallWasForIsCountedAndExported(t *testing.T) {
	secret := "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
	receiver, err := testenv.NewWebhook(testenv.WebhookOptions{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer receiver.Close()
	receiver.Answer(testenv.Reply{Status: http.StatusServiceUnavailable})
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.Exports = []config.Export{
		{Name: "warehouse", Type: config.ExportHTTP, URL: receiver.URL(), Secret: &secret},
		{Name: "disk", Type: config.ExportFile, Path: path},
	}
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"marketing"}`)
	key := g.newKey(`{"team_id":"marketing"}`)
	call := func() {
		t.Helper()
		status, _, text := g.do("POST", "/v1/chat/completions", key,
			`{"model":"gpt-4.1-mini","user":"anna","metadata":{"tags":["blog"]},"messages":[{"role":"user","content":"fake: prompt_tokens=20 completion_tokens=7"}]}`)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	call()
	sums, ok := g.admin("GET", "/usage?group_by=tag,team&period=total", "")["usage"].([]any)
	if !ok || len(sums) != 1 || sums[0].(map[string]any)["tag"] != "blog" || sums[0].(map[string]any)["total_tokens"] != 27.0 {
		t.Errorf("usage: %v", sums)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	deliveries, err := receiver.Wait(ctx, 2) // the first was refused
	if err != nil {
		t.Fatal(err)
	}
	var body ledgerexport.Body
	if err := json.Unmarshal(deliveries[1].Body, &body); err != nil {
		t.Fatal(err)
	}
	row := body.Data.Rows[0]
	if deliveries[1].SignatureErr != nil || deliveries[0].ID != deliveries[1].ID || row.TeamID != "marketing" || row.EndUser != "anna" || row.Tags[0] != "blog" || row.Cost == 0 {
		t.Errorf("%v %+v", deliveries[1].SignatureErr, row)
	}
	inFile := waitForRows(ctx, t, path, 1)
	if inFile[0].ID != row.ID || inFile[0].Seq != row.Seq {
		t.Errorf("the file has %+v, the endpoint got %+v", inFile[0], row)
	}
	if _, _, text := g.do("GET", "/metrics", adminKey, ""); !strings.Contains(text, `bursar_ledger_export_lag_rows{export="disk"} 0`) {
		t.Errorf("metrics lack the lag: %s", text)
	}

	// Another gateway on the same record goes on where this one was.
	g.stop()
	next := start(t, c)
	g.App = next.App
	call()
	if inFile = waitForRows(ctx, t, path, 2); inFile[1].Seq <= inFile[0].Seq {
		t.Errorf("rows: %+v", inFile)
	}
}

func waitForRows(ctx context.Context, t *testing.T, path string, n int) []api.LedgerEntry {
	t.Helper()
	for ctx.Err() == nil {
		data, _ := os.ReadFile(path) // not there yet
		if lines := strings.Split(strings.TrimSpace(string(data)), "\n"); len(lines) >= n && lines[0] != "" {
			rows := make([]api.LedgerEntry, len(lines))
			for i, line := range lines {
				if err := json.Unmarshal([]byte(line), &rows[i]); err != nil {
					t.Fatal(err)
				}
			}
			return rows
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	t.Fatalf("%s never had %d rows", path, n)
	return nil
}
