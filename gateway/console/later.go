package console

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// quickly is what making something may take for pages to wait for it anew.
	quickly = 40 * time.Millisecond
	// dutyCycle bounds what making it again takes of the machine: one part in so many.
	dutyCycle = 20
	// freshFor is how long it is not made again at all, stalest after how long it always is.
	freshFor = time.Second
	stalest  = 10 * time.Minute
	// makeTimeout bounds it where stores do not answer.
	makeTimeout = 15 * time.Minute
	// maxKept is how many are kept at once; beyond it, all that is not being made is forgotten.
	maxKept = 200
)

// later makes what may take long in the background, so that no page waits and no store is busy with it: what was made
// last is shown meanwhile. What is made quickly is made for each page.
type later[T any] struct {
	now    func() time.Time
	logger *slog.Logger
	mu     sync.Mutex
	kept   map[string]*kept[T]
}

// kept is what was made last.
type kept[T any] struct {
	value  T
	there  bool
	at     time.Time
	took   time.Duration
	failed error
	// making is closed when the making under way ends; nil when none is.
	making chan struct{}
}

// made is a value and the moment that it tells of.
type made[T any] struct {
	Value T
	At    time.Time
	// There is false while the first is still being made.
	There bool
}

func newLater[T any](now func() time.Time, logger *slog.Logger) *later[T] {
	return &later[T]{now: now, logger: logger, kept: map[string]*kept[T]{}}
}

// get returns what was made last under the name, and has it made anew when it is time. It waits for a first one, and for
// what is made quickly, as long as said.
func (l *later[T]) get(ctx context.Context, name string, wait time.Duration, produce func(context.Context) (T, error)) (made[T], error) {
	l.mu.Lock()
	one := l.kept[name]
	if one == nil {
		l.forget()
		one = &kept[T]{}
		l.kept[name] = one
	}
	if one.there {
		if l.now().Sub(one.at) < max(freshFor, min(one.took*dutyCycle, stalest)) {
			defer l.mu.Unlock()
			return made[T]{one.value, one.at, true}, nil
		}
		if wait = 2 * quickly; one.took > quickly {
			wait = 0
		}
	}
	if one.making == nil {
		one.making = make(chan struct{})
		go l.make(context.WithoutCancel(ctx), one, produce)
	}
	making := one.making
	l.mu.Unlock()
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	select {
	case <-making:
	case <-timeout.C:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !one.there && one.failed != nil {
		return made[T]{}, one.failed
	}
	return made[T]{one.value, one.at, one.there}, nil
}

// forget makes room.
func (l *later[T]) forget() {
	if len(l.kept) < maxKept {
		return
	}
	for name, one := range l.kept {
		if one.making == nil {
			delete(l.kept, name)
		}
	}
}

func (l *later[T]) make(ctx context.Context, one *kept[T], produce func(context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(ctx, makeTimeout)
	defer cancel()
	began, at := time.Now(), l.now()
	value, err := produce(ctx)
	if err != nil {
		l.logger.WarnContext(ctx, "sums for the console cannot be made", slog.Any("error", err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if one.failed = err; err == nil {
		one.value, one.there, one.at, one.took = value, true, at, time.Since(began)
	}
	close(one.making)
	one.making = nil
}

// again has what is made quickly made anew for the next page, after a change.
func (l *later[T]) again(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one := l.kept[name]; one != nil && one.took <= quickly {
		one.at = time.Time{}
	}
}
