package main

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// writes keeps what was written, each trip apart.
type writes struct {
	trips []string
	err   error
}

func (w *writes) Write(data []byte) (int, error) {
	w.trips = append(w.trips, string(data))
	return len(data), w.err
}

func TestLogBuffer_callsShareATripAndNothingElseWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out writes
		buffer := newLogBuffer(&out)
		logger := slog.New(slog.NewJSONHandler(buffer, nil))
		for range 3 {
			logger.Info("request", slog.Int("n", 1))
		}
		if len(out.trips) != 0 {
			t.Fatalf("lines of calls were written one by one: %q", out.trips)
		}
		logger.Info("serving")
		if len(out.trips) != 1 || strings.Count(out.trips[0], "\n") != 4 || !strings.HasSuffix(out.trips[0], `"msg":"serving"}`+"\n") {
			t.Fatalf("a line that is no call's did not take the others along: %q", out.trips)
		}
		logger.Info("request", slog.Int("n", 2))
		time.Sleep(logPause)
		synctest.Wait()
		if len(out.trips) != 2 || !strings.Contains(out.trips[1], `"n":2`) {
			t.Fatalf("a line alone waits longer than it may: %q", out.trips)
		}
		for range 2 * logRoom / 100 {
			logger.Info("request", slog.Int("n", 3))
		}
		if len(out.trips) < 3 || len(buffer.waiting) >= logRoom {
			t.Errorf("%d bytes wait", len(buffer.waiting))
		}
		if err := buffer.Flush(); err != nil || strings.Count(strings.Join(out.trips, ""), "\n") != 5+2*logRoom/100 {
			t.Errorf("after the end %d lines are written, %v", strings.Count(strings.Join(out.trips, ""), "\n"), err)
		}
	})
}

func TestLogBuffer_saysThatWritingFailed(t *testing.T) {
	full := errors.New("no space left")
	buffer := newLogBuffer(&writes{err: full})
	if _, err := buffer.Write([]byte("{\"level\":\"WARN\"}\n")); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}
