package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lines is a log that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(data []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(data)
}

// await returns when the log holds text for the n-th time.
func (l *lines) await(t *testing.T, text string, n int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		l.mu.Lock()
		log := l.text.String()
		l.mu.Unlock()
		if strings.Count(log, text) >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%q is not in the log %d times: %s", text, n, log)
		}
	}
}

// SIGHUP reads the file again, and never ends the program, whatever stands in the file.
func TestServe_readsTheFileAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("BURSAR_ADMIN_KEY", adminKey)
	t.Setenv("BURSAR_DATA_DIR", t.TempDir())
	t.Setenv("BURSAR_LISTEN", "127.0.0.1:0")
	systemd := supervised(t)
	write("drain_delay: 1ms\n")
	ctx, stop := context.WithCancel(t.Context())
	var log lines
	ended := make(chan error, 1)
	go func() { ended <- serveCommand{Config: path}.serve(ctx, &log) }()
	log.await(t, `"msg":"serving"`, 1)
	if told := systemd(); told != "READY=1" {
		t.Errorf("systemd is told %q at the start", told)
	}
	for i, step := range []struct{ file, want string }{
		{"models: [{name: a, base_url: http://127.0.0.1:1/v1}]\n", `"msg":"the configuration was read again"`},
		{"models: [{name: a, base_url: nonsense}]\n", `models[0].base_url: is not an http or https address`},
		{"nonsense: [\n", `configuration is not YAML`},
		{"drain_delay: 2s\nteams: [{team_id: a}]\n", `"settings":["drain_delay"]`},
	} {
		write(step.file)
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		log.await(t, step.want, 1)
		if told := systemd(); !strings.HasPrefix(told, "RELOADING=1\nMONOTONIC_USEC=") {
			t.Errorf("systemd is told %q of a signal", told)
		}
		if told := systemd(); told != "READY=1" {
			t.Errorf("systemd is told %q after it", told)
		}
		if len(ended) > 0 {
			t.Fatalf("step %d ended the program: %v", i, <-ended)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if told := systemd(); told != "STOPPING=1" {
		t.Errorf("systemd is told %q at the end", told)
	}
}

// supervised is a NOTIFY_SOCKET, and returns what the gateway tells it next.
func supervised(t *testing.T) (told func() string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func() string {
		t.Helper()
		message := make([]byte, 1024)
		_ = socket.SetReadDeadline(time.Now().Add(20 * time.Second))
		n, err := socket.Read(message)
		if err != nil {
			t.Fatal(err)
		}
		return string(message[:n])
	}
}
