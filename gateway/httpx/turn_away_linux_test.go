package httpx_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// Connections that have arrived are accepted after TurnAway, others do not arrive any more.
func TestTurnAway(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	listener := httpx.Listener{Listener: socket}
	const early = 3
	for range early {
		conn, err := net.Dial("tcp", socket.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	if n := listener.Waiting(); n != early {
		t.Errorf("%d connections wait, want %d", n, early)
	}
	listener.TurnAway()
	if conn, err := net.Dial("tcp", socket.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection after all were turned away: %v, %v", conn, err)
	}
	for range early {
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Errorf("a connection that had arrived is not usable: %v", err)
		}
	}
	if n := listener.Waiting(); n != 0 {
		t.Errorf("%d connections wait after all were accepted", n)
	}
}
