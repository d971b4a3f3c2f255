package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a program may take to be ready.
const patience = 20 * time.Second

// gateway is bin/bursar serve as a child process, which may be killed and started again.
type gateway struct {
	number  int
	url     string
	program string
	config  string
	log     string
	pid     string
	env     []string
	// link leads to Redis.
	link *link

	command *exec.Cmd
	keep    io.Closer
}

// keeper runs the gateway as long as its own standard input is open and then ends it as kill -9
// does, so that none is left behind however this program ends.
// The gateway's process id is in the file "$2"; should it end by itself, so does this.
const keeper = `"$0" serve --config "$1" </dev/null & gateway=$!; echo "$gateway" >"$2"; exec 3<&0
(read -r _ <&3; kill -9 "$gateway") & keeper=$!; wait "$gateway"; kill "$keeper" 2>/dev/null`

// settings are the same for all gateways.
type settings struct {
	program, config, databaseURL, adminKey, secretKey, upstreamURL string
}

func newGateway(number int, s settings, dir, redis string) (*gateway, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	path, err := newLink(redis)
	if err != nil {
		return nil, err
	}
	g := &gateway{
		number: number, url: "http://" + address, program: s.program, config: s.config, link: path,
		log: filepath.Join(dir, fmt.Sprintf("gateway-%d.log", number)), pid: filepath.Join(dir, fmt.Sprintf("gateway-%d.pid", number)),
	}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "BURSAR_") {
			g.env = append(g.env, entry)
		}
	}
	g.env = append(g.env, "BURSAR_LISTEN="+address, "BURSAR_ADMIN_KEY="+s.adminKey, "BURSAR_SECRET_KEY="+s.secretKey,
		"BURSAR_DATABASE_URL="+s.databaseURL, "BURSAR_REDIS_URL=redis://"+path.addr(),
		"BURSAR_DATA_DIR="+filepath.Join(dir, fmt.Sprintf("data-%d", number)), "CHAOS_UPSTREAM_URL="+s.upstreamURL,
		"BURSAR_DRAIN_DELAY=0s", "BURSAR_DRAIN_TIMEOUT=1s")
	return g, nil
}

// start starts the program and returns when it is ready to serve.
func (g *gateway) start(ctx context.Context) error {
	log, err := os.OpenFile(g.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the gateway's log: %w", err)
	}
	defer log.Close()
	g.command = exec.Command("/bin/sh", "-c", keeper, g.program, g.config, g.pid)
	g.command.Stdout, g.command.Stderr, g.command.Env = log, log, g.env
	keep, err := g.command.StdinPipe()
	if err != nil {
		return fmt.Errorf("hold the gateway: %w", err)
	}
	g.keep = keep
	if err := g.command.Start(); err != nil {
		return fmt.Errorf("start gateway %d: %w", g.number, err)
	}
	if err := await(ctx, patience, g.ready); err != nil {
		words, _ := os.ReadFile(g.log)
		return fmt.Errorf("wait for gateway %d: %w\n%s", g.number, err, words[max(0, len(words)-2000):])
	}
	return nil
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

// stop ends the program as an operator does, and returns when it has ended.
func (g *gateway) stop() error {
	text, err := os.ReadFile(g.pid)
	if err != nil {
		return fmt.Errorf("find the process of gateway %d: %w", g.number, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("find the process of gateway %d: %w", g.number, err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop gateway %d: %w", g.number, err)
	}
	_ = g.command.Wait()
	_ = g.keep.Close()
	g.command = nil
	return nil
}

// kill ends the program as kill -9 does. Killing it twice does no harm.
func (g *gateway) kill() {
	if g.command == nil {
		return
	}
	_ = g.keep.Close()
	_ = g.command.Wait()
	g.command = nil
}

var errPatience = errors.New("it did not happen in time")

// await looks again and again until the condition holds.
func await(ctx context.Context, patience time.Duration, condition func(context.Context) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !condition(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// pause waits, shorter when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
