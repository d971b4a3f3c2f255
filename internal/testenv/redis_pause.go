package testenv

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Pause stops the server's process: connections stay, and nobody answers. The returned function lets it go on.
func (s *RedisServer) Pause(t testing.TB) (resume func()) {
	t.Helper()
	pid, err := s.pid()
	if err != nil {
		t.Fatalf("find the process of redis-server: %v", err)
	}
	signal := func(signal syscall.Signal) {
		if err := syscall.Kill(pid, signal); err != nil {
			t.Errorf("%s redis-server: %v", signal, err)
		}
	}
	signal(syscall.SIGSTOP)
	return func() { signal(syscall.SIGCONT) }
}

// pid is the server's own process, which is a child of the one that was started.
func (s *RedisServer) pid() (int, error) {
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, "INFO server\r\n"); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		if text, found := strings.CutPrefix(lines.Text(), "process_id:"); found {
			return strconv.Atoi(strings.TrimSpace(text))
		}
	}
	return 0, fmt.Errorf("redis says no process id: %w", lines.Err())
}
