// Package minutes keeps, minute by minute, what was used of limits and what was refused, by key, model and limit.
//
// It promises that what this gateway counted is in the record a few seconds later, added to what other gateways counted,
// once, and that a record which is away, or a minute with very many keys, costs details and never a call or a sum:
// what finds no row of its own is counted for its team, or for no team in particular. A gateway that is killed loses
// the last seconds. It must never decide anything, nor know what a limit is.
//
// Readers ask the record and nobody else, so that all gateways say the same:
//
//   - Refusals(ctx, [api.RefusalQuery]) says what was refused since when, by limit, team, key, model and time: a console's
//     last hour is GroupBy limit with From an hour ago; who is refused for minutes on end is GroupBy team, limit and minute.
//   - LimitPeaks(ctx, [api.LimitMinuteFilter]) says what was used of each limit at most, for example in the last seven days.
//   - EachLimitMinute(ctx, [api.LimitMinuteFilter], each) reads the rows themselves, oldest first, to play them again.
//
// They are methods of store.Store; in the admin API it is GET /quota/refusals and GET /quota/peaks. Rows are kept for
// minutes.keep of the configuration, eight days unless said otherwise.
package minutes

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Record is where the sums are kept.
type Record interface {
	// AddLimitMinutes adds a batch; one that has the number of the last of the gateway's changes nothing.
	AddLimitMinutes(ctx context.Context, gateway string, batch int64, rows []api.LimitMinute) error
	// PurgeLimitMinutes deletes rows of minutes before a time and says whether there are more.
	PurgeLimitMinutes(ctx context.Context, before time.Time) (more bool, err error)
}

// Options are what a [Counter] is made of. Record is required.
type Options struct {
	Record Record
	Logger *slog.Logger
	Now    func() time.Time
	// Every is how often a batch is written; 0 is three seconds.
	Every time.Duration
	// Keep is how long rows are kept; 0 is eight days.
	Keep time.Duration
	// Rows is how many rows one minute has at most, for each gateway; 0 is 1000.
	Rows int
}

// Defaults of [Options].
const (
	DefaultKeep = 8 * 24 * time.Hour
	DefaultRows = 1000
)

const (
	defaultEvery = 3 * time.Second
	// purgeEvery is how often old rows are deleted.
	purgeEvery = time.Minute
	// mostUnwritten is how many full minutes are remembered while the record is away.
	mostUnwritten = 20
	// minutesRemembered is for how many minutes rows are known; calls that took longer find them no more.
	minutesRemembered = 5
	// writeTimeout bounds one batch.
	writeTimeout = 10 * time.Second
)

// Call is what is counted of one call.
type Call struct {
	// At is when it arrived.
	At                   time.Time
	TeamID, KeyID, Model string
	// Refused is the limit that refused it, or the word for another reason; "" was served.
	Refused string
	// WouldRefuse are the watched limits that would have refused it.
	WouldRefuse []string
	// Tokens are what it used.
	Tokens int64
	// Limits are how the limits that bind it stood when it was judged.
	Limits []Limit
}

// Limit is how one limit stands.
type Limit struct {
	Name string
	// KeyID and Model say whose it is, "" for that of the whole team.
	KeyID, Model string
	Used, Cap    int64
}

// Counter gathers what calls used and what was refused, and writes it to the record.
type Counter struct {
	options Options
	// gateway is this counter's name in the record.
	gateway string

	mu sync.Mutex
	// sums are not in a batch yet.
	sums map[place]*sum
	// rows are those that this gateway has in the record, or will have, of the last minutes.
	rows map[int64]map[place]bool

	// writing is held by the one that writes. What follows is its.
	writing sync.Mutex
	// batch is being written, by its number, until the record has it.
	batch  []api.LimitMinute
	number int64
	purged time.Time
	failed bool
}

type place struct {
	minute                  int64
	team, key, model, limit string
}

type sum struct{ calls, tokens, refused, wouldRefuse, peak, cap int64 }

// New returns a counter. [Counter.Run] writes what it counts.
func New(options Options) *Counter {
	options.Every = cmp.Or(options.Every, defaultEvery)
	options.Keep = cmp.Or(options.Keep, DefaultKeep)
	options.Rows = cmp.Or(options.Rows, DefaultRows)
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Counter{options: options, gateway: ulid.Make().String(), sums: map[place]*sum{}, rows: map[int64]map[place]bool{}}
}

// CallEnded counts a call.
func (c *Counter) CallEnded(call Call) {
	at := place{minute: call.At.Unix() / 60, team: call.TeamID, key: call.KeyID, model: call.Model, limit: call.Refused}
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.foldedInto(at)
	if call.Refused != "" {
		one.refused++
	} else {
		one.calls++
	}
	one.tokens += call.Tokens
	if len(call.WouldRefuse) > 0 {
		one.wouldRefuse++
	}
	for _, limit := range call.WouldRefuse {
		at.limit = limit
		c.foldedInto(at).wouldRefuse++
	}
	for _, limit := range call.Limits {
		at.key, at.model, at.limit = limit.KeyID, limit.Model, limit.Name
		if highest := c.of(at); highest != nil && limit.Used > highest.peak {
			highest.peak, highest.cap = limit.Used, limit.Cap
		}
	}
}

// foldedInto returns the sum to add to: its own, or in a minute that is full the team's, or nobody's.
func (c *Counter) foldedInto(at place) *sum {
	if one := c.of(at); one != nil {
		return one
	}
	at.key, at.model = "", ""
	if one := c.of(at); one != nil {
		return one
	}
	at.team = ""
	if c.sums[at] == nil {
		c.sums[at] = &sum{}
	}
	return c.sums[at]
}

// of returns the sum of a place, nil where there is no room for it.
func (c *Counter) of(at place) *sum {
	if one := c.sums[at]; one != nil {
		return one
	}
	rows := c.rows[at.minute]
	if rows == nil {
		rows = map[place]bool{}
		c.rows[at.minute] = rows
	}
	if !rows[at] && len(rows) >= c.options.Rows || len(c.sums) >= mostUnwritten*c.options.Rows {
		return nil
	}
	rows[at] = true
	one := &sum{}
	c.sums[at] = one
	return one
}

// Run writes until ctx ends. [Counter.Close] writes the rest.
func (c *Counter) Run(ctx context.Context) {
	every.Do(ctx, c.options.Every, func(ctx context.Context) { c.note(ctx, errors.Join(c.Write(ctx), c.purge(ctx))) })
}

// Close writes what is not in the record yet. Nothing may be counted any more.
func (c *Counter) Close(ctx context.Context) error { return c.Write(ctx) }

// note logs the first of several failures in a row.
func (c *Counter) note(ctx context.Context, err error) {
	failed := err != nil && ctx.Err() == nil
	c.writing.Lock()
	first := failed && !c.failed
	c.failed = failed
	c.writing.Unlock()
	if first {
		c.options.Logger.WarnContext(ctx, "what was used and refused could not be recorded and is written later", slog.Any("error", err))
	}
}

// Write writes what was counted so far. What could not be written stays for the next time.
func (c *Counter) Write(ctx context.Context) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	for {
		if len(c.batch) == 0 {
			if c.batch = c.take(); len(c.batch) == 0 {
				return nil
			}
			c.number++
		}
		if err := c.options.Record.AddLimitMinutes(ctx, c.gateway, c.number, c.batch); err != nil {
			return err
		}
		c.batch = nil
	}
}

// take returns what was counted and begins anew.
func (c *Counter) take() []api.LimitMinute {
	c.mu.Lock()
	sums := c.sums
	c.sums = map[place]*sum{}
	oldest := c.options.Now().Unix()/60 - minutesRemembered
	maps.DeleteFunc(c.rows, func(minute int64, _ map[place]bool) bool { return minute < oldest })
	c.mu.Unlock()
	rows := make([]api.LimitMinute, 0, len(sums))
	for at, one := range sums {
		rows = append(rows, api.LimitMinute{
			At: time.Unix(at.minute*60, 0).UTC(), TeamID: at.team, KeyID: at.key, Model: at.model, Limit: at.limit,
			Calls: one.calls, Tokens: one.tokens, Refused: one.refused, WouldRefuse: one.wouldRefuse, Peak: one.peak, Cap: one.cap,
		})
	}
	return rows
}

// purge deletes what is too old, in steps.
func (c *Counter) purge(ctx context.Context) error {
	now := c.options.Now()
	if now.Sub(c.purged) < purgeEvery {
		return nil
	}
	more, err := c.options.Record.PurgeLimitMinutes(ctx, now.Add(-c.options.Keep))
	if err == nil && !more {
		c.purged = now
	}
	return err
}
