package every_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
)

func TestDo_untilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		done := make(chan time.Duration, 10)
		go every.Do(ctx, time.Minute, func(context.Context) { done <- time.Since(began) })
		time.Sleep(3*time.Minute + time.Second)
		cancel()
		time.Sleep(time.Hour)
		var after []time.Duration
		for len(done) > 0 {
			after = append(after, <-done)
		}
		if fmt.Sprint(after) != "[1m0s 2m0s 3m0s]" {
			t.Errorf("it was done after %v", after)
		}
	})
}

func TestDo_nothingOnceTheContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 20 { // of two that are ready, select takes either
			ctx, cancel := context.WithCancel(t.Context())
			times := 0
			every.Do(ctx, time.Minute, func(context.Context) {
				times++
				cancel()
				time.Sleep(2 * time.Minute) // the next tick waits by now
			})
			if times != 1 {
				t.Fatalf("it was done %d times", times)
			}
		}
	})
}
