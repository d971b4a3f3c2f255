package testenv

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var sharedRedis = sync.OnceValues(func() (*RedisServer, error) {
	dir, err := os.MkdirTemp("", "bursar-redis-")
	if err != nil {
		return nil, err
	}
	return startRedis(dir, true, nil)
})

// Redis returns the address of a Redis for tests, "redis://127.0.0.1:PORT": the one that REDIS_URL
// names, or one that is started once per test binary and ends with it. Tests share it, so each
// needs a key prefix or slots of its own. The test fails when there is no redis-server to start.
func Redis(t testing.TB) string {
	t.Helper()
	if url := os.Getenv("REDIS_URL"); url != "" {
		return url
	}
	server, err := sharedRedis()
	if err != nil {
		t.Fatalf("start redis-server (install it, or set REDIS_URL): %v", err)
	}
	return server.URL()
}

// RedisServer is a redis-server of a test's own, which it may kill.
type RedisServer struct {
	// Port is on 127.0.0.1 and stays the same over restarts.
	Port int
	dir  string
	args []string
	// config is a file to start from instead of arguments, as Sentinel wants it.
	config string
	// remove says that nobody else removes the folder.
	remove bool

	mu      sync.Mutex
	process *exec.Cmd
	// keep ends the server when it is closed, at the latest when this process ends.
	keep io.Closer
}

// StartRedis starts a redis-server with an append-only file in a folder of its own, and the given
// further arguments, such as "--appendfsync", "always". It ends with the test.
func StartRedis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	server, err := startRedis(t.TempDir(), false, args)
	if err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	t.Cleanup(server.Kill)
	return server
}

func startRedis(dir string, remove bool, args []string) (*RedisServer, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	server := &RedisServer{Port: port, dir: dir, args: args, remove: remove}
	return server, server.start()
}

// URL is the server's address for clients.
func (s *RedisServer) URL() string { return fmt.Sprintf("redis://127.0.0.1:%d", s.Port) }

// Addr is the server's host and port.
func (s *RedisServer) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.Port) }

// Restart starts the server again after Kill, with the data it left in its folder.
func (s *RedisServer) Restart(t testing.TB) {
	t.Helper()
	if err := s.start(); err != nil {
		t.Fatalf("restart redis-server: %v", err)
	}
}

// Kill ends the server as kill -9 does and waits until it is gone.
func (s *RedisServer) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	_ = s.keep.Close()
	_ = s.process.Wait()
	s.process = nil
}

// redisKeeper runs the server as long as its own standard input is open. A test binary that
// panics, times out or is killed closes it, so no server is ever left behind.
const redisKeeper = `
remove=$1; shift
"$@" </dev/null & server=$!
read -r _
kill -9 "$server"; wait "$server"
if [ -n "$remove" ]; then rm -rf "$remove"; fi
`

func (s *RedisServer) start() error {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return err
	}
	remove := ""
	if s.remove {
		remove = s.dir
	}
	args := append([]string{"-c", redisKeeper, "redis-keeper", remove, program}, s.arguments()...)
	process := exec.Command("/bin/sh", args...)
	keep, err := process.StdinPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	s.mu.Lock()
	s.process, s.keep = process, keep
	s.mu.Unlock()
	if err := s.awaitReady(10 * time.Second); err != nil {
		s.Kill()
		return err
	}
	return nil
}

func (s *RedisServer) arguments() []string {
	if s.config != "" {
		return append([]string{s.config}, s.args...)
	}
	return append([]string{
		"--port", fmt.Sprint(s.Port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--save", "", "--appendonly", "yes", "--logfile", filepath.Join(s.dir, "redis.log"),
	}, s.args...)
}

func (s *RedisServer) awaitReady(patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		err := s.ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
			return fmt.Errorf("%w\n%s", err, log)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *RedisServer) ping() error {
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "+PONG") {
		return fmt.Errorf("redis answers %s", strings.TrimSpace(line))
	}
	return nil
}
