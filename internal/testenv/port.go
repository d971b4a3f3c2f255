package testenv

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
)

// Free ports lie below those that systems give to outgoing connections and to listeners that ask for any, which is from
// 32768 up on Linux and from 49152 up elsewhere. So nothing else takes one between the moment it is found free and the
// moment a server listens on it, nor while a server that was killed is about to be started again.
const (
	firstPort = 10_000
	ports     = 22_000
)

// asked counts the ports that this process has looked at, from a place of its own: test binaries run side by side.
var asked atomic.Uint32

func init() { asked.Store(rand.Uint32N(ports)) }

// FreePort finds a port that nobody listens on, and that it has not returned lately.
func FreePort() (port int, err error) {
	for range 1000 {
		port := firstPort + int(asked.Add(1)%ports)
		listener, failed := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if failed != nil {
			err = failed
			continue
		}
		return port, listener.Close()
	}
	return 0, fmt.Errorf("find a free port: %w", err)
}

// FreeAddress is a loopback address that nobody listens on, and that nobody will but who is told of it.
func FreeAddress(t testing.TB) string {
	t.Helper()
	port, err := FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
