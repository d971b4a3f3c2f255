package main

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"
)

const (
	// logPause is how long a line may wait for others to be written with.
	logPause = 50 * time.Millisecond
	// logRoom is how many bytes may wait.
	logRoom = 32 << 10
)

// logBuffer writes the lines of calls some at a time: writing each was a trip to the kernel of its own.
// Every other line is written at once, with those before it, so that what goes wrong is never held back;
// so is what is left when the gateway ends.
type logBuffer struct {
	to io.Writer

	mu      sync.Mutex
	waiting []byte
	timer   *time.Timer
	failed  error
}

func newLogBuffer(to io.Writer) *logBuffer {
	b := &logBuffer{to: to}
	b.timer = time.AfterFunc(time.Hour, func() { _ = b.Flush() })
	b.timer.Stop()
	return b
}

// callLine is how the log line of a call begins, but for its time.
var callLine = []byte(`,"level":"INFO","msg":"request",`)

// Write takes one line. Its error may be that of a line before.
func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.timer.Reset(logPause)
	}
	b.waiting = append(b.waiting, line...)
	if len(b.waiting) >= logRoom || !bytes.Contains(line[:min(len(line), 100)], callLine) {
		b.flushLocked()
	}
	err := b.failed
	b.failed = nil
	return len(line), err
}

// Flush writes what waits.
func (b *logBuffer) Flush() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flushLocked()
	return b.failed
}

func (b *logBuffer) flushLocked() {
	b.timer.Stop()
	if len(b.waiting) == 0 {
		return
	}
	_, err := b.to.Write(b.waiting)
	b.failed = errors.Join(b.failed, err)
	b.waiting = b.waiting[:0]
}
