package httpx

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// acceptPart is how much of an answer a client accepts at least within acceptTime, or its connection ends: who
	// reads nothing must not hold for ever what was made for them.
	acceptPart = 64 << 10
	acceptTime = time.Minute
	// renewAfter spares most writes a deadline of their own.
	renewAfter = time.Second
)

// Listener accepts connections on which a [Head] goes out past [net/http], whose clients have to read what they asked
// for, and which know a request that tells its length twice. Its server needs [ConnContext].
type Listener struct {
	net.Listener
	// TLS is nil for connections that are not encrypted. HTTP/2 is not spoken.
	TLS *tls.Config
	// Unused is how much longer than a server's ReadHeaderTimeout a connection stays open on which nothing came yet.
	// Clients and proxies open some in advance, and send a request on one whenever there is one to be sent.
	Unused time.Duration
}

// Accept waits for the next connection.
func (l Listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if l.TLS != nil {
		conn = tls.Server(conn, l.TLS) // shakes hands with the first byte that is read
	}
	return &clientConn{Conn: conn, unused: l.Unused}, nil
}

type connKey struct{}

// ConnContext lets the handlers of a server reach the connection that a request came on.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// encrypted says whether a request came over TLS. [http.Request] does not know of a [Listener]'s.
func encrypted(r *http.Request) bool {
	conn, ours := r.Context().Value(connKey{}).(*clientConn)
	if !ours {
		return r.TLS != nil
	}
	return conn.encrypted()
}

// clientConn is a client's connection. One answer is written to it at a time, by the goroutine that
// serves it.
type clientConn struct {
	net.Conn
	// head are lines that go out behind the next status line.
	head []byte
	// renewed is when the client was last given time to read.
	renewed time.Time
	cut     atomic.Bool
	watch   headWatch
	unused  time.Duration
	first   firstRequest
}

// Read reads what the client sends, and watches how long it says that its requests are.
func (c *clientConn) Read(data []byte) (int, error) {
	n, err := c.Conn.Read(data)
	if n > 0 && c.unused > 0 {
		c.firstCame()
	}
	c.watch.see(data[:n])
	if err != nil && c.encrypted() {
		c.answerPlain(err)
	}
	return n, err
}

func (c *clientConn) encrypted() bool {
	_, over := c.Conn.(*tls.Conn)
	return over
}

// answerPlain tells a client that speaks HTTP where TLS is expected, in the words of [net/http].
func (c *clientConn) answerPlain(err error) {
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) && plain.Conn != nil && startsRequest(plain.RecordHeader[:]) {
		_, _ = io.WriteString(plain.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
}

func startsRequest(head []byte) bool {
	return slices.Contains([]string{"GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO"}, string(head))
}

var answerBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Write writes data, with the head that waits behind the status line that data begins with.
func (c *clientConn) Write(data []byte) (int, error) {
	if len(c.head) == 0 || !startsAnswer(data) {
		return c.send(data)
	}
	status := bytes.IndexByte(data, '\n') + 1
	buffer, _ := answerBuffers.Get().(*[]byte)
	defer answerBuffers.Put(buffer)
	*buffer = append(append(append((*buffer)[:0], data[:status]...), c.head...), data[status:]...)
	added := len(c.head)
	c.head = c.head[:0]
	n, err := c.send(*buffer)
	if n < len(*buffer) {
		return min(n, status), err // how much of the rest came through, nobody asks once this has failed
	}
	return n - added, err
}

// send writes part by part; with each the client has time anew.
func (c *clientConn) send(data []byte) (sent int, err error) {
	for {
		if now := time.Now(); now.Sub(c.renewed) > renewAfter {
			c.renewed = now
			_ = c.Conn.SetWriteDeadline(now.Add(acceptTime))
		}
		if c.cut.Load() { // also by somebody whose deadline was just overruled
			return sent, os.ErrDeadlineExceeded
		}
		n, err := c.Conn.Write(data[sent:min(len(data), sent+acceptPart)])
		if sent += n; err != nil || sent == len(data) {
			return sent, err
		}
	}
}

// SetWriteDeadline ends the connection's answers when the time is over already. Others than that the connection sets
// itself.
func (c *clientConn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() || t.After(time.Now()) {
		return nil
	}
	c.cut.Store(true)
	return c.Conn.SetWriteDeadline(t)
}

// firstRequest knows when the first request of a connection began. For [net/http] it begins with the connection.
type firstRequest struct {
	mutex    sync.Mutex
	came     bool
	opened   time.Time // when the server began to wait for it
	deadline time.Time // that the server set then
	late     time.Duration
}

// SetReadDeadline gives the first request as much time as any other: what the server allows counts from its first byte.
func (c *clientConn) SetReadDeadline(t time.Time) error {
	first := &c.first
	first.mutex.Lock()
	defer first.mutex.Unlock()
	switch {
	case c.unused == 0:
	case t.IsZero():
		first.late = 0 // the request is there; the next one's time counts from its own beginning
	case !first.came:
		first.opened, first.deadline = time.Now(), t
		t = t.Add(c.unused)
	default:
		t = t.Add(first.late)
	}
	return c.Conn.SetReadDeadline(t)
}

// firstCame begins to count the time that the server allows.
func (c *clientConn) firstCame() {
	first := &c.first
	first.mutex.Lock()
	defer first.mutex.Unlock()
	if first.came {
		return
	}
	first.came = true
	if !first.deadline.IsZero() {
		first.late = time.Since(first.opened)
		_ = c.Conn.SetReadDeadline(first.deadline.Add(first.late))
	}
}

// CloseWrite tells the client that nothing more comes.
func (c *clientConn) CloseWrite() error {
	if conn, can := c.Conn.(interface{ CloseWrite() error }); can {
		return conn.CloseWrite()
	}
	return nil
}

// startsAnswer recognises the status line of an answer that is not a provisional one.
func startsAnswer(data []byte) bool {
	const version = "HTTP/1.1 "
	return len(data) > len(version) && string(data[:len("HTTP/1.")]) == "HTTP/1." && data[len(version)] != '1'
}
