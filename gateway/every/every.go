// Package every does work again and again in the background.
//
// It promises that the work is done once at a time and no more once its context has ended. It must never know what the
// work is.
package every

import (
	"context"
	"time"
)

// Do does the work each time that the interval has passed, until ctx ends.
func Do(ctx context.Context, interval time.Duration, work func(ctx context.Context)) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if ctx.Err() != nil {
			return // both may be so at once
		}
		work(ctx)
	}
}
