package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sample is what a load came to.
type sample struct {
	latencies []time.Duration
	took      time.Duration
}

func (s sample) quantile(q float64) time.Duration {
	if len(s.latencies) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.latencies))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// saturate keeps all connections busy for a time.
func (q request) saturate(ctx context.Context, addr string, connections int, length time.Duration) (sample, error) {
	end := time.Now().Add(length)
	return spread(ctx, addr, connections, func(c *connection, _ int) ([]time.Duration, error) {
		var latencies []time.Duration
		for time.Now().Before(end) && ctx.Err() == nil {
			start := time.Now()
			if err := c.exchange(q.plain, nil); err != nil {
				return nil, err
			}
			latencies = append(latencies, time.Since(start))
		}
		return latencies, nil
	})
}

// repeat sends so many requests in all, as fast as they are answered.
func (q request) repeat(ctx context.Context, addr string, connections, count int) error {
	var sent atomic.Int64
	_, err := spread(ctx, addr, connections, func(c *connection, _ int) ([]time.Duration, error) {
		for sent.Add(1) <= int64(count) && ctx.Err() == nil {
			if err := c.exchange(q.plain, nil); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	return err
}

// pace sends at a rate, and counts the time to an answer's end. A request that is late because the answer before it was
// is counted from when it was due.
func (q request) pace(ctx context.Context, addr string, connections, perSecond int, length time.Duration) (sample, error) {
	return paced(ctx, addr, connections, perSecond, length, func(c *connection, start time.Time) (time.Duration, error) {
		err := c.exchange(q.plain, nil)
		return time.Since(start), err
	})
}

// streams asks for streamed answers at a rate, and counts the time to their first byte.
func (q request) streams(ctx context.Context, addr string, connections, perSecond int, length time.Duration) (sample, error) {
	return paced(ctx, addr, connections, perSecond, length, func(c *connection, start time.Time) (first time.Duration, err error) {
		err = c.exchange(q.stream, func() { first = time.Since(start) })
		return first, err
	})
}

func paced(ctx context.Context, addr string, connections, perSecond int, length time.Duration,
	ask func(c *connection, start time.Time) (time.Duration, error),
) (sample, error) {
	begin := time.Now()
	every := time.Duration(connections) * time.Second / time.Duration(perSecond)
	return spread(ctx, addr, connections, func(c *connection, number int) ([]time.Duration, error) {
		var latencies []time.Duration
		due := begin.Add(every * time.Duration(number) / time.Duration(connections))
		for ; due.Before(begin.Add(length)) && ctx.Err() == nil; due = due.Add(every) {
			start := due
			if time.Now().Before(due) {
				time.Sleep(time.Until(due))
				start = time.Now()
			}
			latency, err := ask(c, start)
			if err != nil {
				return nil, err
			}
			latencies = append(latencies, latency)
		}
		return latencies, nil
	})
}

func spread(ctx context.Context, addr string, connections int, work func(*connection, int) ([]time.Duration, error)) (sample, error) {
	var mu sync.Mutex
	var all sample
	var failures []error
	var group sync.WaitGroup
	begin := time.Now()
	for number := range connections {
		group.Go(func() {
			latencies, err := onConnection(ctx, addr, func(c *connection) ([]time.Duration, error) { return work(c, number) })
			mu.Lock()
			defer mu.Unlock()
			all.latencies = append(all.latencies, latencies...)
			failures = append(failures, err)
		})
	}
	group.Wait()
	all.took = time.Since(begin)
	return all, errors.Join(failures...)
}

func onConnection(ctx context.Context, addr string, work func(*connection) ([]time.Duration, error)) ([]time.Duration, error) {
	var dialer net.Dialer
	wire, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer wire.Close()
	return work(&connection{wire: wire, reader: bufio.NewReaderSize(wire, 16<<10)})
}

// connection is one client that keeps its connection. It reads HTTP/1.1 itself: a general client would
// take more of the machine than what it measures.
type connection struct {
	wire   net.Conn
	reader *bufio.Reader
}

// exchange sends a request and reads its answer to the end. onFirst, if any, is called at the body's first byte.
func (c *connection) exchange(sent []byte, onFirst func()) error {
	if err := c.wire.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := c.wire.Write(sent); err != nil {
		return err
	}
	length, ok, err := c.head()
	if err != nil {
		return err
	}
	if !ok {
		rest := make([]byte, min(max(length, 0), 500))
		_, _ = io.ReadFull(c.reader, rest)
		return fmt.Errorf("the answer is not 200: %s", rest)
	}
	if onFirst != nil {
		if _, err := c.reader.Peek(1); err != nil {
			return err
		}
		onFirst()
	}
	if length >= 0 {
		_, err := c.reader.Discard(length)
		return err
	}
	return c.chunks()
}

// head reads the status line and the headers; length is -1 for a chunked body.
func (c *connection) head() (length int, ok bool, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, false, fmt.Errorf("read the status: %w", err)
	}
	ok = len(line) > 12 && string(line[9:12]) == "200"
	length = -1
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, false, fmt.Errorf("read the headers: %w", err)
		}
		if len(line) <= 2 {
			return length, ok, nil
		}
		if len(line) > 16 && strings.EqualFold(string(line[:15]), "content-length:") {
			length = number(line[15:], 10)
		}
	}
}

func (c *connection) chunks() error {
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read a chunk: %w", err)
		}
		size := number(line, 16)
		if size == 0 {
			return c.trailer()
		}
		if _, err := c.reader.Discard(size + 2); err != nil {
			return fmt.Errorf("read a chunk: %w", err)
		}
	}
}

func (c *connection) trailer() error {
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read the trailer: %w", err)
		}
		if len(line) <= 2 {
			return nil
		}
	}
}

// number reads the digits of a line, passing over spaces before them.
func number(line []byte, base int) (n int) {
	for _, c := range line {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		switch {
		case c == ' ' && n == 0:
		case digit < 0 || digit >= base:
			return n
		default:
			n = n*base + digit
		}
	}
	return n
}
