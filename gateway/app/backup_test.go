package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A backup that is made while calls are answered holds all that was answered before, with its keys, and can be served from.
func TestBackup_holdsWhatWasAnswered(t *testing.T) {
	t.Parallel()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"a","max_budget":100000}`)
	key := g.newKey(`{"team_id":"a"}`)
	call := func(g *gateway, calls int) {
		t.Helper()
		for range calls {
			if status, _, body := g.do("POST", "/v1/chat/completions", key, `{"model":"gpt-4.1-mini","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}`); status != 200 {
				t.Fatalf("%d %s", status, body)
			}
		}
	}
	call(g, 20)
	spent := g.admin("GET", "/team/info?team_id=a", "")["spend"]
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				g.do("POST", "/v1/chat/completions", key, `{"model":"gpt-4.1-mini","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}`)
			}
		}
	}()
	folder := filepath.Join(t.TempDir(), "backup")
	err := app.Backup(t.Context(), c, folder, true)
	close(stop)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	after := g.admin("GET", "/team/info?team_id=a", "")["spend"]
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if info, _ := file.Info(); info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", file.Name(), info.Mode())
		}
	}
	if err := app.Backup(t.Context(), c, folder, true); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("a second time: %v", err)
	}
	g.stop()
	old := c.DataDir
	c.DataDir = folder
	c.DatabaseURL = strings.Replace(c.DatabaseURL, old, folder, 1)
	restored := start(t, c)
	got := restored.admin("GET", "/team/info?team_id=a", "")["spend"].(float64)
	if got < spent.(float64) || got > after.(float64) || got == 0 {
		t.Errorf("the copy has spent %v, want between %v and %v", got, spent, after)
	}
	call(restored, 1)
}

func TestBackup_refusesWhatItCannotCopy(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	folder := filepath.Join(t.TempDir(), "backup")
	c.DatabaseURL = "sqlite:" + filepath.Join(t.TempDir(), "not-there.db")
	if err := app.Backup(t.Context(), c, folder, true); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("without a record: %v", err)
	}
	c.DatabaseURL, c.SecretKey = "postgres://u:secret@db/x", "x"
	if err := app.Backup(t.Context(), c, folder, true); err == nil || !strings.Contains(err.Error(), "pg_dump") || strings.Contains(err.Error(), "secret@") {
		t.Errorf("of PostgreSQL: %v", err)
	}
	if _, err := os.Stat(folder); err == nil {
		t.Error("half a backup is left")
	}
}
