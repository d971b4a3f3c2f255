package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// patience is how long a program may take to start or to stop.
	patience = 20 * time.Second
	// config is read from the project's folder, where a curious reader finds it.
	config = "internal/demo/gateway.yaml"
)

// gateway is bin/bursar serve as a child process.
type gateway struct {
	url     string
	logPath string
	process *exec.Cmd
	// exited is closed when the process has ended; err is its result then.
	exited chan struct{}
	err    error
}

// startGateway starts the program and returns when it is ready to serve.
func startGateway(ctx context.Context, program, dir string, env map[string]string) (*gateway, error) {
	listen, err := freeAddress()
	if err != nil {
		return nil, err
	}
	g := &gateway{url: "http://" + listen, logPath: filepath.Join(dir, "gateway.log"), exited: make(chan struct{})}
	log, err := os.Create(g.logPath)
	if err != nil {
		return nil, fmt.Errorf("make the gateway's log: %w", err)
	}
	defer log.Close()

	g.process = exec.Command(program, "serve", "--config", config)
	g.process.Stdout, g.process.Stderr = log, log
	g.process.Env = environment(env, map[string]string{
		"BURSAR_LISTEN":   listen,
		"BURSAR_DATA_DIR": filepath.Join(dir, "data"),
	})
	if err := g.process.Start(); err != nil {
		return nil, fmt.Errorf("start the gateway: %w", err)
	}
	go func() {
		g.err = g.process.Wait()
		close(g.exited)
	}()
	return g, g.awaitReady(ctx)
}

// freeAddress returns a loopback address that nobody listens on now.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

// environment is this process's, without what would lead the programs elsewhere, and the additions.
func environment(additions ...map[string]string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "BURSAR_") && !strings.HasPrefix(entry, "TF_") {
			env = append(env, entry)
		}
	}
	for _, addition := range additions {
		for name, value := range addition {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (g *gateway) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		if g.ready(ctx) {
			return nil
		}
		select {
		case <-tick.C:
		case <-g.exited:
			return fmt.Errorf("the gateway ended while it started: %w", g.err)
		case <-ctx.Done():
			return fmt.Errorf("wait for the gateway to be ready: %w", ctx.Err())
		}
	}
}

func (g *gateway) ready(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+"/health/readiness", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop asks the gateway to shut down, and makes it when it does not. Stopping twice is fine.
func (g *gateway) stop() error {
	select {
	case <-g.exited:
		return nil
	default:
	}
	if err := g.process.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the gateway: %w", err)
	}
	select {
	case <-g.exited:
	case <-time.After(patience):
		_ = g.process.Process.Kill()
		<-g.exited
		return fmt.Errorf("the gateway did not stop within %s", patience)
	}
	if g.err != nil {
		return fmt.Errorf("the gateway stopped badly: %w", g.err)
	}
	return nil
}

// lastWords are the last lines of the gateway's log.
func (g *gateway) lastWords(lines int) string {
	text, err := os.ReadFile(g.logPath)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
