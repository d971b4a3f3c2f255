package upstream

import (
	"bufio"
	"context"
	"fmt"
	"syscall"
	"time"
)

// connection returns one that is idle and still open, else a new one.
func (d *direct) connection(ctx context.Context, addr string) (*directConn, error) {
	for conn := d.take(addr); conn != nil; conn = d.take(addr) {
		if time.Since(conn.idleSince) < idleConnectionLife && stillOpen(conn.raw) {
			return conn, nil
		}
		_ = conn.Close()
	}
	wire, err := d.dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	conn := &directConn{Conn: wire, addr: addr, headLeft: -1}
	conn.reader = bufio.NewReader(conn)
	if tcp, ok := wire.(syscall.Conn); ok {
		conn.raw, _ = tcp.SyscallConn() // fails for one that is closed, as does writing to it
	}
	return conn, nil
}

func (d *direct) take(addr string) *directConn {
	d.mu.Lock()
	defer d.mu.Unlock()
	waiting := d.idle[addr]
	if len(waiting) == 0 {
		return nil
	}
	conn := waiting[len(waiting)-1]
	d.idle[addr] = waiting[:len(waiting)-1]
	return conn
}

// put keeps a connection for the next request. One that brought more than its answer is of no more use.
func (d *direct) put(conn *directConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || conn.reader.Buffered() > 0 || len(d.idle[conn.addr]) >= idleConnections {
		_ = conn.Close()
		return
	}
	conn.idleSince = time.Now()
	d.idle[conn.addr] = append(d.withoutOld(conn.addr), conn)
}

// withoutOld ends the connections that nobody has needed for long.
func (d *direct) withoutOld(addr string) []*directConn {
	waiting := d.idle[addr]
	for len(waiting) > 0 && time.Since(waiting[0].idleSince) >= idleConnectionLife {
		_ = waiting[0].Close()
		waiting = waiting[1:]
	}
	return waiting
}

// close ends the idle connections; those in use end when their answers do.
func (d *direct) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for _, waiting := range d.idle {
		for _, conn := range waiting {
			_ = conn.Close()
		}
	}
	clear(d.idle)
}
