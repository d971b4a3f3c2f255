package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// narrator writes what happens, each line with the time since the start. It may be used concurrently.
type narrator struct {
	mu    sync.Mutex
	w     io.Writer
	began time.Time
}

func newNarrator(w io.Writer) *narrator { return &narrator{w: w, began: time.Now()} }

// say writes one sentence with the time.
func (n *narrator) say(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	since := time.Since(n.began)
	fmt.Fprintf(n.w, "%3d:%04.1f  %s\n", int(since.Minutes()), since.Seconds()-60*float64(int(since.Minutes())), fmt.Sprintf(format, args...))
}

// line writes one line of a report.
func (n *narrator) line(format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	fmt.Fprintf(n.w, format+"\n", args...)
}
