package httpx

import (
	"bytes"
	"context"
	"net"
	"sync"
)

// Listener accepts connections on which a [Head] goes out past [net/http]. Its server needs [ConnContext].
type Listener struct{ net.Listener }

// Accept waits for the next connection.
func (l Listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
		return &clientConn{TCPConn: tcp}, nil
	}
	return conn, err
}

type connKey struct{}

// ConnContext lets the handlers of a server reach the connection that a request came on.
func ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

// clientConn is a client's connection. One answer is written to it at a time, by the goroutine that
// serves it.
type clientConn struct {
	*net.TCPConn
	// head are lines that go out behind the next status line.
	head []byte
}

var answerBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Write writes data, with the head that waits behind the status line that data begins with.
func (c *clientConn) Write(data []byte) (int, error) {
	if len(c.head) == 0 || !startsAnswer(data) {
		return c.TCPConn.Write(data)
	}
	status := bytes.IndexByte(data, '\n') + 1
	buffer, _ := answerBuffers.Get().(*[]byte)
	defer answerBuffers.Put(buffer)
	*buffer = append(append(append((*buffer)[:0], data[:status]...), c.head...), data[status:]...)
	added := len(c.head)
	c.head = c.head[:0]
	n, err := c.TCPConn.Write(*buffer)
	if n < len(*buffer) {
		return min(n, status), err // how much of the rest came through, nobody asks once this has failed
	}
	return n - added, err
}

// startsAnswer recognises the status line of an answer that is not a provisional one.
func startsAnswer(data []byte) bool {
	const version = "HTTP/1.1 "
	return len(data) > len(version) && string(data[:len("HTTP/1.")]) == "HTTP/1." && data[len(version)] != '1'
}
