// Package calibration remembers what providers report of prompts, so that the bound of the next prompt follows
// the vocabulary that a deployment really has.
//
// It promises that what one gateway has learned is known to all of them within half a minute and outlives them, and
// that a record which is away costs nothing but that. It must never see a prompt, a key or a limit: it knows ratios.
package calibration

import (
	"cmp"
	"context"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Record keeps what was learned.
type Record interface {
	PutTokenReports(ctx context.Context, learned []api.TokenReports) error
	TokenReports(ctx context.Context, since time.Time) ([]api.TokenReports, error)
	PurgeTokenReports(ctx context.Context, before time.Time) error
}

// Options are what a [Book] is made of. The zero value makes one that learns for itself alone.
type Options struct {
	Record Record
	Logger *slog.Logger
	Now    func() time.Time
	// Every is how often the record is written and read; 0 is ten seconds.
	Every time.Duration
}

// Place is what has a vocabulary: a deployment, as long as it serves the same model.
type Place struct{ Deployment, Model string }

// Book is what was learned of all deployments.
type Book struct {
	options Options
	// gateway is this book's name in the record.
	gateway string

	mu sync.Mutex
	// known are the reports of all gateways, own those of this one.
	known, own map[Place]map[string]tokens.Reports
	// unwritten are the kinds that the record does not have as they are.
	unwritten map[subject]bool
}

type subject struct {
	place Place
	kind  string
}

const (
	defaultEvery = 10 * time.Second
	// mostPlaces bounds the memory: callers choose the names that a deployment with a wildcard serves.
	mostPlaces = 1_000
)

// New returns a book. [Book.Run] shares it with others.
func New(options Options) *Book {
	options.Every = cmp.Or(options.Every, defaultEvery)
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Book{
		options: options, gateway: ulid.Make().String(),
		known: map[Place]map[string]tokens.Reports{}, own: map[Place]map[string]tokens.Reports{}, unwritten: map[subject]bool{},
	}
}

// Learned is what is known of a deployment on one kind of text.
func (b *Book) Learned(place Place, kind string) tokens.Learned {
	now := b.options.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	kinds := b.known[place]
	learned := kinds[kind].Since(now).Learn()
	for other, reports := range kinds {
		if other == kind {
			continue
		}
		of := reports.Since(now).Learn()
		learned.Elsewhere = max(learned.Elsewhere, of.Highest)
		if of.Highest > 0 && tokens.Akin(kind, other) {
			learned.AkinReports += of.Reports
			learned.AkinHighest = max(learned.AkinHighest, of.Highest)
		}
	}
	return learned
}

// Report notes what a provider has counted, beside what the text was weighed as. By names the caller.
func (b *Book) Report(place Place, kind, by string, ratio float64) {
	caller := fnv.New64a()
	_, _ = caller.Write([]byte(by))
	report := tokens.Report{At: b.options.Now().UTC().Truncate(time.Millisecond), By: int64(caller.Sum64()), Ratio: ratio}
	b.mu.Lock()
	defer b.mu.Unlock()
	add(b.known, place, kind, report)
	if b.options.Record != nil {
		add(b.own, place, kind, report)
		b.unwritten[subject{place, kind}] = true
	}
}

func add(to map[Place]map[string]tokens.Reports, place Place, kind string, report tokens.Report) {
	kinds := to[place]
	if kinds == nil && len(to) >= mostPlaces {
		return
	}
	if kinds == nil {
		kinds = map[string]tokens.Reports{}
		to[place] = kinds
	}
	kinds[kind] = kinds[kind].Add(report)
}
