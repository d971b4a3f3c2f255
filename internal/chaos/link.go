package main

import (
	"fmt"
	"net"
	"sync"
)

// link is the network between a gateway and Redis, or between two Redis: a TCP proxy that can
// lose answers after the work was done, hold everything back as a network without an answer
// does, and lead to another server.
type link struct {
	listener net.Listener
	done     sync.WaitGroup

	mu     sync.Mutex
	target string
	conns  map[net.Conn]bool
	// loseEvery loses the answer to one of so many requests; 0 loses none.
	loseEvery int
	requests  int
	lost      int
	// held is open while nothing passes; nil otherwise.
	held chan struct{}
}

func newLink(target string) (*link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a link: %w", err)
	}
	l := &link{listener: listener, target: target, conns: map[net.Conn]bool{}}
	l.done.Go(l.accept)
	return l, nil
}

func (l *link) addr() string { return l.listener.Addr().String() }

// lose loses the answer to one of every requests from now on and returns how many were lost before.
func (l *link) lose(every int) (lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	lost, l.lost, l.loseEvery = l.lost, 0, every
	return lost
}

// hold lets nothing pass until release; what is sent meanwhile arrives late.
func (l *link) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = make(chan struct{})
	}
}

func (l *link) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != nil {
		close(l.held)
		l.held = nil
	}
}

// lead cuts all connections and sends new ones to another server.
func (l *link) lead(target string) {
	l.mu.Lock()
	l.target = target
	l.mu.Unlock()
	l.cut()
	l.release()
}

// cut ends all connections; what they held back is gone.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
		delete(l.conns, conn)
	}
}

func (l *link) close() {
	_ = l.listener.Close()
	l.cut()
	l.release()
	l.done.Wait()
}

func (l *link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.done.Go(func() { l.join(client) })
	}
}

// join connects a client with the server and returns when either has left.
func (l *link) join(client net.Conn) {
	defer client.Close()
	l.mu.Lock()
	target := l.target
	l.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	l.mu.Lock()
	l.conns[client], l.conns[server] = true, true
	l.mu.Unlock()
	pair := &pair{link: l}
	var answers sync.WaitGroup
	answers.Go(func() {
		pair.pass(client, server, pair.answer)
		_ = client.Close()
	})
	pair.pass(server, client, pair.request)
	_ = server.Close()
	answers.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, client)
	delete(l.conns, server)
}

// pair is one client's connection through the link.
type pair struct {
	link *link
	// lose: the next answer is to be lost; guarded by the link's mutex.
	lose bool
}

// pass copies until one side has left or allow says no.
func (p *pair) pass(to, from net.Conn, allow func() bool) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil || !allow() {
			return
		}
		p.link.await()
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// await waits while the link is held.
func (l *link) await() {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	if held != nil {
		<-held
	}
}

func (p *pair) request() bool {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	p.link.requests++
	p.lose = p.link.loseEvery > 0 && p.link.requests%p.link.loseEvery == 0
	return true
}

func (p *pair) answer() bool {
	p.link.mu.Lock()
	defer p.link.mu.Unlock()
	if p.lose {
		p.link.lost++
	}
	return !p.lose
}
