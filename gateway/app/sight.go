package app

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
)

const (
	// lookEvery is how often a gateway tells the others which stores it reaches, or looks what they tell.
	lookEvery = 2 * time.Second
	// sightFresh is how long what another one has told counts.
	sightFresh = 3 * lookEvery
)

// sightedStore is a store through which gateways tell each other that they reach the other one.
type sightedStore interface {
	Ping(ctx context.Context) error
	NoteSighting(ctx context.Context, value string) error
	LastSighting(ctx context.Context) (value string, err error)
}

// sight finds out whether this gateway alone is cut off from a store: while it reaches one of the two, it asks that
// one whether others reach the other. Clocks are not compared: what others tell is another text each time.
type sight struct {
	self             string
	counters, record seen
}

// seen is one store as this gateway and others see it.
type seen struct {
	store, through sightedStore
	// told is what was read last, and when it was first read.
	told  string
	since time.Time
	// looked: told is of this outage, so that a change of it is news.
	looked bool
	alone  atomic.Bool
}

func newSight(counters, record sightedStore) *sight {
	s := &sight{self: ulid.Make().String()}
	s.counters.store, s.counters.through = counters, record
	s.record.store, s.record.through = record, counters
	return s
}

// watchStores looks until ctx ends.
func (p *parts) watchStores(ctx context.Context) {
	if p.sight == nil {
		return
	}
	look := func(ctx context.Context) { p.sight.look(ctx, time.Now()) }
	look(ctx)
	every.Do(ctx, lookEvery, look)
}

func (s *sight) look(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, lookEvery)
	defer cancel()
	counters, record := s.counters.store.Ping(ctx) == nil, s.record.store.Ping(ctx) == nil
	s.counters.look(ctx, s.self, counters, record, now)
	s.record.look(ctx, s.self, record, counters, now)
}

// look tells the others that the store is reached, or asks them. What fails is looked at again the next time.
func (s *seen) look(ctx context.Context, self string, reached, throughReached bool, now time.Time) {
	switch {
	case !throughReached:
		s.looked = false
		s.alone.Store(false)
	case reached:
		s.looked = false
		s.alone.Store(false)
		_ = s.through.NoteSighting(ctx, self+" "+ulid.Make().String())
	default:
		told, err := s.through.LastSighting(ctx)
		if err != nil {
			return
		}
		if told != s.told || !s.looked {
			if s.looked && told != "" && !strings.HasPrefix(told, self) {
				s.alone.Store(true)
			}
			s.told, s.since, s.looked = told, now, true
		}
		if now.Sub(s.since) > sightFresh {
			s.alone.Store(false)
		}
	}
}
