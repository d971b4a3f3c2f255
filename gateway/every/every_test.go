package every_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
)

func TestDo_untilTheContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var done []time.Duration
		go every.Do(ctx, time.Minute, func(context.Context) { done = append(done, time.Since(began)) })
		time.Sleep(time.Minute - 1)
		synctest.Wait()
		if len(done) != 0 {
			t.Errorf("it was done after %v", done)
		}
		time.Sleep(2*time.Minute + 1)
		synctest.Wait()
		cancel()
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(done) != 3 || done[0] != time.Minute || done[2] != 3*time.Minute {
			t.Errorf("it was done after %v, want 1m, 2m and 3m", done)
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
