package quotabench

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler()) // any answer is one
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "killed")
	commands := Commands{KillWith: "touch " + file, StartWith: "test -f " + file, Ready: []string{server.URL}}
	if err := commands.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "test -f") {
		t.Errorf("start before it was killed: %v", err)
	}
	if err := commands.Kill(t.Context()); err != nil {
		t.Error(err)
	}
	if err := commands.Start(t.Context()); err != nil {
		t.Error(err)
	}
}

// What a command starts in the background is not waited for, though it keeps the command's output open.
func TestCommands_leaveWhatTheyStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	if err := shell(t.Context(), "sleep 100 & echo $! >"+file); err != nil {
		t.Error(err)
	}
	if err := shell(t.Context(), "kill $(cat "+file+")"); err != nil {
		t.Errorf("what was started is gone: %v", err)
	}
}
