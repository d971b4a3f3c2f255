package quotatest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy stands between a client and a server. It can lose replies: the server has done what it
// was asked to, but the client sees its connection end instead of the answer.
type Proxy struct {
	listener net.Listener
	done     sync.WaitGroup
	requests atomic.Int64
	lost     atomic.Int64
	every    atomic.Int64
	held     atomic.Bool

	mu     sync.Mutex
	target string
	conns  map[net.Conn]bool
	// late is open while what is sent waits here; nil otherwise.
	late chan struct{}
}

// StartProxy listens on a port of 127.0.0.1 and forwards to target, a host and port, until the test ends.
func StartProxy(t *testing.T, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, target: target, conns: make(map[net.Conn]bool)}
	p.done.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Addr is where clients connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Redirect leads new connections to another server and ends those that there are.
func (p *Proxy) Redirect(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	for conn := range p.conns {
		_ = conn.Close()
	}
}

func (p *Proxy) leadsTo() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.target
}

// LoseEvery makes one of n replies get lost; 0 loses none.
func (p *Proxy) LoseEvery(n int) { p.every.Store(int64(n)) }

// Hold makes the proxy swallow everything without ending a connection, as a network that is cut does.
func (p *Proxy) Hold(held bool) { p.held.Store(held) }

// Delay keeps back what clients send until it is called again, then all of it arrives: late, but in full, even from
// those that have gone meanwhile. A server that is stopped for a moment does that.
func (p *Proxy) Delay(delayed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.late != nil {
		close(p.late)
		p.late = nil
	}
	if delayed {
		p.late = make(chan struct{})
	}
}

func (p *Proxy) awaitTurn() {
	p.mu.Lock()
	late := p.late
	p.mu.Unlock()
	if late != nil {
		<-late
	}
}

// Lost is how many replies were lost.
func (p *Proxy) Lost() int { return int(p.lost.Load()) }

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.leadsTo())
		if err != nil {
			_ = client.Close()
			continue
		}
		p.track(client, server)
		var lose atomic.Bool
		p.done.Go(func() {
			p.request(server, client, &lose)
			p.end(client, server)
		})
		p.done.Go(func() {
			p.reply(client, server, &lose)
			p.end(client, server)
		})
	}
}

// request forwards what the client asks and picks the requests whose reply will be lost.
func (p *Proxy) request(server io.Writer, client io.Reader, lose *atomic.Bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if p.held.Load() {
			continue
		}
		p.awaitTurn()
		if every := p.every.Load(); every > 0 && p.requests.Add(1)%every == 0 {
			lose.Store(true)
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// reply forwards what the server answers until a reply is to be lost.
func (p *Proxy) reply(client io.Writer, server io.Reader, lose *atomic.Bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if lose.Load() {
			p.lost.Add(1)
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) track(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		p.conns[conn] = true
	}
}

func (p *Proxy) end(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close()
		delete(p.conns, conn)
	}
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.Delay(false)
	p.mu.Lock()
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}
