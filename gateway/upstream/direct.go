package upstream

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// direct speaks HTTP/1.1 over plain TCP, to model servers in the same network. It does in the caller's
// goroutine what [http.Transport] hands to two others for every connection, which was a quarter of what
// a loaded gateway computed. HTTPS, proxies and bodies of unknown length are left to that transport.
type direct struct {
	dialer *net.Dialer

	mu     sync.Mutex
	closed bool
	// idle are the connections that wait for a request, by address, the latest used last.
	idle map[string][]*directConn
}

const (
	// maxAnswerHead bounds the status line and headers of an answer in bytes.
	maxAnswerHead = 1 << 20
	// oneWrite is up to which length in bytes a body is sent together with its headers.
	oneWrite = 64 << 10
	// lateAnswer is how long an answer is waited for after the server stopped reading the request.
	lateAnswer = time.Second
	// maxInformational is how many 1xx answers may come before the real one.
	maxInformational = 5
)

// longAgo as a deadline ends what a connection is doing.
var longAgo = time.Unix(1, 0)

var (
	errAnswerHead = errors.New("the headers of the answer are longer than 1 MiB")
	headBuffers   = sync.Pool{New: func() any { return new(bytes.Buffer) }}
)

// exchange sends a request and reads the head of its answer; sent says whether the server has it whole.
func (d *direct) exchange(ctx context.Context, to *target, r *request) (response *http.Response, sent bool, err error) {
	conn, err := d.connection(ctx, to.addr)
	if err != nil {
		return nil, false, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })
	response, sent, err = conn.exchange(ctx, to, r)
	if err != nil {
		stop()
		_ = conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, sent, err
	}
	response.Body = &directBody{body: response.Body, conn: conn, ctx: ctx, stop: stop, keep: sent && !response.Close, pool: d}
	return response, true, nil
}

// directConn is one connection; it has one request under way at most.
type directConn struct {
	net.Conn
	reader *bufio.Reader
	// raw looks whether the connection is still open; nil where that cannot be seen.
	raw       syscall.RawConn
	addr      string
	idleSince time.Time
	// headLeft is how many bytes an answer's head may still take; negative does not bound.
	headLeft int64
}

// Read implements [io.Reader] for the connection's own reader.
func (c *directConn) Read(p []byte) (int, error) {
	if c.headLeft < 0 {
		return c.Conn.Read(p)
	}
	if c.headLeft == 0 {
		return 0, errAnswerHead
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.headLeft)])
	c.headLeft -= int64(n)
	return n, err
}

func (c *directConn) exchange(ctx context.Context, to *target, r *request) (response *http.Response, sent bool, err error) {
	endless := ctx.Done() == nil // else the context's end ends this too
	if endless {
		if err := c.SetDeadline(time.Now().Add(firstByteTimeout)); err != nil {
			return nil, false, err
		}
	}
	unsent := c.send(to, r)
	if unsent != nil && ctx.Err() == nil {
		// A server that has seen enough answers and stops reading: what it says is worth more than the error.
		_ = c.setDeadline(ctx, time.Now().Add(lateAnswer))
	}
	response, err = c.head(r.method)
	if err != nil {
		return nil, unsent == nil, errors.Join(unsent, err)
	}
	if endless || unsent != nil {
		if err := c.setDeadline(ctx, time.Time{}); err != nil {
			return nil, true, err
		}
	}
	return response, unsent == nil, nil
}

// setDeadline sets a deadline unless ctx, whose end sets one too, has ended.
func (c *directConn) setDeadline(ctx context.Context, deadline time.Time) error {
	err := c.SetDeadline(deadline)
	if ctx.Err() != nil {
		_ = c.SetDeadline(longAgo)
		return ctx.Err()
	}
	return err
}

func (c *directConn) send(to *target, r *request) error {
	head, _ := headBuffers.Get().(*bytes.Buffer)
	defer headBuffers.Put(head)
	head.Reset()
	writeHead(head, to, r)
	if len(r.body) <= oneWrite {
		head.Write(r.body)
		_, err := c.Write(head.Bytes())
		return err
	}
	if _, err := c.Write(head.Bytes()); err != nil {
		return err
	}
	_, err := c.Write(r.body)
	return err
}

func writeHead(head *bytes.Buffer, to *target, r *request) {
	head.WriteString(r.method)
	head.WriteByte(' ')
	head.WriteString(to.prefix)
	head.WriteString(r.path)
	head.WriteString(" HTTP/1.1\r\nHost: ")
	head.WriteString(to.host)
	head.WriteString("\r\nContent-Length: ")
	head.Write(strconv.AppendInt(head.AvailableBuffer(), int64(len(r.body)), 10))
	for _, line := range r.header {
		head.WriteString("\r\n")
		head.WriteString(line.name)
		head.WriteString(": ")
		writeValue(head, line.value)
	}
	head.WriteString("\r\n\r\n")
}

// writeValue writes a header's value; ends of lines in it become spaces, as in [net/http].
func writeValue(head *bytes.Buffer, value string) {
	for i := strings.IndexAny(value, "\r\n"); i >= 0; i = strings.IndexAny(value, "\r\n") {
		head.WriteString(value[:i])
		head.WriteByte(' ')
		value = value[i+1:]
	}
	head.WriteString(value)
}

// head reads the head of the answer that counts.
func (c *directConn) head(method string) (*http.Response, error) {
	c.headLeft = maxAnswerHead
	defer func() { c.headLeft = -1 }()
	asked := http.Request{Method: method} // an answer to HEAD has no body, whatever its length says
	for range maxInformational {
		response, err := http.ReadResponse(c.reader, &asked)
		if err != nil {
			return nil, fmt.Errorf("read the answer's head: %w", err)
		}
		if response.StatusCode >= 200 {
			return response, nil
		}
		if response.StatusCode == http.StatusSwitchingProtocols {
			break
		}
	}
	return nil, errors.New("the server gives no final answer")
}

// directBody is the body of an answer; its connection is kept when it was read to its end.
type directBody struct {
	body io.ReadCloser
	conn *directConn
	ctx  context.Context
	stop func() bool
	keep bool
	pool *direct
	done bool
}

// Read implements [io.Reader]; it fails with the context's error once that has ended.
func (b *directBody) Read(p []byte) (int, error) {
	if b.done {
		return 0, io.EOF
	}
	n, err := b.body.Read(p)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		b.end(b.keep)
		return n, io.EOF
	case b.ctx.Err() != nil:
		return n, b.ctx.Err()
	default:
		return n, err
	}
}

// Close ends the answer; what was not read of it is not waited for.
func (b *directBody) Close() error {
	if !b.done {
		b.end(false)
	}
	return nil
}

func (b *directBody) end(keep bool) {
	b.done = true
	// When the context has ended just now, its end may still be about to set a deadline.
	if b.stop() && keep {
		b.pool.put(b.conn)
		return
	}
	_ = b.conn.Close()
}
