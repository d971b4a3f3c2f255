package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

//go:embed gateway.yaml
var gatewayConfig []byte

const (
	adminKey = "sk-bench-admin-key-of-this-run"
	patience = 20 * time.Second
)

// stage holds the processes of a run.
type stage struct {
	dir     string
	targets []*target
	// upstream is the process of the upstream.
	upstream int
	// trusted is the file of the slow provider's certificate.
	trusted string
	undo    []func() error
}

func openStage(ctx context.Context, program string, p plan) (_ *stage, err error) {
	dir, err := os.MkdirTemp("", "bursar-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	s := &stage{dir: dir, undo: []func() error{func() error { return os.RemoveAll(dir) }}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := os.WriteFile(filepath.Join(dir, "gateway.yaml"), gatewayConfig, 0o600); err != nil {
		return nil, fmt.Errorf("write the gateway's configuration: %w", err)
	}
	upstream, err := s.startSelf(ctx, "the upstream alone", roleUpstream)
	if err != nil {
		return nil, err
	}
	// What the upstream costs is nobody's cost.
	s.upstream, upstream.pid = upstream.pid, 0
	url := "http://" + upstream.addr
	if _, err := s.startSelf(ctx, "httputil.ReverseProxy", roleProxy, url); err != nil {
		return nil, err
	}
	if _, err := s.startGateway(ctx, "Bursar, in process", program, url, ""); err != nil {
		return nil, err
	}
	if err := s.startWithRedis(ctx, program, url); err != nil {
		return nil, err
	}
	if err := s.startFilled(ctx, program, url, p); err != nil {
		return nil, err
	}
	return s, s.startSlow(ctx, program)
}

func (s *stage) startWithRedis(ctx context.Context, program, upstream string) error {
	redis, pid, err := s.startRedis(ctx)
	if err != nil {
		return err
	}
	gateway, err := s.startGateway(ctx, "Bursar, Redis", program, upstream, "redis://"+redis)
	if err != nil {
		return err
	}
	gateway.redis = pid
	return nil
}

// startFilled starts a gateway that has calls and keys behind it, if the plan wants one.
func (s *stage) startFilled(ctx context.Context, program, upstream string, p plan) error {
	if p.calls == 0 {
		return nil
	}
	gateway, err := s.startGateway(ctx, "Bursar, filled record", program, upstream, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "making %d keys and %d calls\n", p.keys, p.calls)
	admin, err := client.New(client.Options{Endpoint: "http://" + gateway.addr, AdminKey: adminKey})
	if err != nil {
		return err
	}
	for range p.keys {
		if _, err := admin.CreateKey(ctx, api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("bench")}}); err != nil {
			return err
		}
	}
	return gateway.request.repeat(ctx, gateway.addr, p.connections, p.calls)
}

// startSlow starts the provider that takes its time, and a reverse proxy and a gateway in front of it.
func (s *stage) startSlow(ctx context.Context, program string) error {
	certificate, key, err := writeCertificate(s.dir)
	if err != nil {
		return err
	}
	s.trusted = certificate
	upstream, err := s.startSelf(ctx, "the slow upstream", roleSlowUpstream, certificate, key)
	if err != nil {
		return err
	}
	s.targets = s.targets[:len(s.targets)-1] // nobody asks it directly
	url := "https://" + upstream.addr
	proxy, err := s.startSelf(ctx, "httputil.ReverseProxy, HTTPS", roleProxy, url)
	if err != nil {
		return err
	}
	gateway, err := s.startGateway(ctx, "Bursar, in process, HTTPS", program, url, "")
	if err != nil {
		return err
	}
	proxy.slow, gateway.slow = true, true
	return nil
}

// startSelf starts this program in another role; its arguments are the role, its address, and the rest.
func (s *stage) startSelf(ctx context.Context, name, role string, args ...string) (*target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	command := exec.Command(self, append([]string{role, addr}, args...)...)
	command.Env = s.trusting(os.Environ())
	if err := s.start(ctx, name, addr, command); err != nil {
		return nil, err
	}
	t := &target{name: name, addr: addr, pid: command.Process.Pid, request: newRequest(addr, "/v1/chat/completions", "none")}
	s.targets = append(s.targets, t)
	return t, nil
}

func (s *stage) startRedis(ctx context.Context) (addr string, pid int, err error) {
	addr, err = freeAddr()
	if err != nil {
		return "", 0, err
	}
	dir := filepath.Join(s.dir, "redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", 0, fmt.Errorf("make a folder for Redis: %w", err)
	}
	_, port, _ := net.SplitHostPort(addr)
	command := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", dir,
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory-policy", "noeviction")
	if err := s.start(ctx, "redis-server", addr, command); err != nil {
		return "", 0, err
	}
	return addr, command.Process.Pid, nil
}

// startGateway starts the gateway with everything on, and a team whose key the load presents.
func (s *stage) startGateway(ctx context.Context, name, program, upstream, redis string) (*target, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	command := exec.Command(program, "serve", "--config", filepath.Join(s.dir, "gateway.yaml"))
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "BURSAR_") {
			command.Env = append(command.Env, entry)
		}
	}
	command.Env = append(command.Env, "BURSAR_LISTEN="+addr, "BURSAR_ADMIN_KEY="+adminKey,
		"BURSAR_DATA_DIR="+filepath.Join(s.dir, "data-"+addr), "BURSAR_REDIS_URL="+redis, "BENCH_UPSTREAM_URL="+upstream+"/v1")
	command.Env = s.trusting(command.Env)
	if err := s.start(ctx, name, addr, command); err != nil {
		return nil, err
	}
	key, err := prepare(ctx, "http://"+addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	t := &target{name: name, addr: addr, pid: command.Process.Pid, request: newRequest(addr, "/v1/chat/completions", key)}
	s.targets = append(s.targets, t)
	return t, nil
}

// trusting has a process take the slow provider's certificate for one of an authority.
func (s *stage) trusting(environment []string) []string {
	if s.trusted == "" {
		return environment
	}
	return append(environment, "SSL_CERT_FILE="+s.trusted)
}

// prepare makes a team, its key and a pot that covers all, with limits that are checked and never met.
func prepare(ctx context.Context, url string) (string, error) {
	const plenty = 100_000_000
	admin, err := client.New(client.Options{Endpoint: url, AdminKey: adminKey})
	if err != nil {
		return "", err
	}
	limits := api.RateLimits{RPMLimit: new(int64(plenty)), TPMLimit: new(int64(plenty) * 1000), MaxParallelRequests: new(int64(plenty))}
	terms := api.BudgetTerms{MaxBudget: new(1_000_000 * money.USD), HardCap: true, BudgetDuration: new("30d")}
	team := api.TeamFields{RateLimits: limits, BudgetTerms: terms}
	if _, err := admin.CreateTeam(ctx, "bench", team); err != nil {
		return "", err
	}
	if _, err := admin.CreateBudget(ctx, "all", api.BudgetFields{BudgetTerms: terms, Everything: true}); err != nil {
		return "", err
	}
	created, err := admin.CreateKey(ctx, api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("bench"), RateLimits: limits}})
	if err != nil {
		return "", err
	}
	return created.Secret, nil
}

// start starts a process and waits until it listens. It ends with the stage, and with this program.
func (s *stage) start(ctx context.Context, name, addr string, command *exec.Cmd) error {
	log, err := os.Create(filepath.Join(s.dir, strings.ReplaceAll(name, " ", "-")+".log"))
	if err != nil {
		return fmt.Errorf("make a log for %s: %w", name, err)
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	keep, err := command.StdinPipe()
	if err != nil {
		return fmt.Errorf("hold %s: %w", name, err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	s.undo = append(s.undo, func() error { return end(command, keep) })
	if err := await(ctx, addr); err != nil {
		words, _ := os.ReadFile(log.Name())
		return fmt.Errorf("wait for %s: %w\n%s", name, err, words[max(0, len(words)-2000):])
	}
	return nil
}

func end(command *exec.Cmd, keep io.Closer) error {
	_ = keep.Close()
	_ = command.Process.Kill()
	_ = command.Wait()
	return nil
}

// await returns when the address is served; a gateway must also be ready.
func await(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var dialer net.Dialer
	for {
		wire, err := dialer.DialContext(ctx, "tcp", addr)
		if err == nil {
			return wire.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing listens on %s: %w", addr, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return listener.Addr().String(), listener.Close()
}

func (s *stage) close() error {
	var failures []error
	for _, undo := range slices.Backward(s.undo) {
		failures = append(failures, undo())
	}
	return errors.Join(failures...)
}
