package safedial

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// fakeDNS answers every question for an IPv4 address with the next of its answers, the last one for ever.
type fakeDNS struct {
	mu      sync.Mutex
	answers []netip.Addr
}

// startDNS returns a resolver that asks a name server of the test's own, on loopback.
func startDNS(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	dns := &fakeDNS{}
	for _, answer := range answers {
		dns.answers = append(dns.answers, netip.MustParseAddr(answer))
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); dns.serve(conn) }()
	t.Cleanup(func() { conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

func (d *fakeDNS) serve(conn net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		if reply := d.reply(buffer[:n]); reply != nil {
			_, _ = conn.WriteTo(reply, from)
		}
	}
}

// reply copies the question and, for type A, adds one answer with a lifetime of zero (RFC 1035, 4.1).
func (d *fakeDNS) reply(query []byte) []byte {
	end := 12
	for end < len(query) && query[end] != 0 {
		end += int(query[end]) + 1
	}
	end += 5
	if end > len(query) {
		return nil
	}
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[12:end]...)
	if query[end-3] != 1 {
		return reply
	}
	reply[7] = 1
	address := d.next().As4()
	reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
	return append(reply, address[:]...)
}

func (d *fakeDNS) next() netip.Addr {
	d.mu.Lock()
	defer d.mu.Unlock()
	answer := d.answers[0]
	if len(d.answers) > 1 {
		d.answers = d.answers[1:]
	}
	return answer
}
