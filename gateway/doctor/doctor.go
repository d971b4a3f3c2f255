// Package doctor looks whether all that a gateway needs is there and as it should be.
//
// It promises that looking changes nothing, neither here nor at a store, that every finding says what would be right,
// and that no finding holds a secret. It must never serve anything, nor decide how the gateway works.
package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// State is how one thing was found.
type State string

// States, from the best to the worst.
const (
	OK        State = "ok"
	Unchecked State = "unchecked" // nobody could tell
	Warning   State = "warning"
	Failed    State = "failed"
)

// Finding is what was found of one thing.
type Finding struct {
	// About is the thing: config, files, record, counters, clock, archive, or a provider.
	About string `json:"about"`
	State State  `json:"state"`
	// Text says what was found and, unless all is well, what would be right.
	Text string `json:"text"`
}

// Options are what to look at.
type Options struct {
	Settings config.Config
	// Call makes a call of one token to every model, which costs a little.
	Call bool
	// Model is what to call where a model's name ends with a star; "" leaves such out.
	Model string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// patience is how long one look may take.
const patience = 10 * time.Second

// Examine looks at everything that the configuration names.
func Examine(ctx context.Context, options Options) []Finding {
	if options.Now == nil {
		options.Now = time.Now
	}
	e := &examination{options: options, settings: options.Settings}
	e.files()
	e.listener()
	for _, look := range []func(context.Context){e.record, e.counters, e.archive, e.providers} {
		look(ctx)
	}
	return e.found
}

type examination struct {
	options  Options
	settings config.Config
	found    []Finding
}

func (e *examination) add(about string, state State, format string, args ...any) {
	e.found = append(e.found, Finding{About: about, State: state, Text: fmt.Sprintf(format, args...)})
}

const (
	// clockWarns is how far a store's clock may be off before periods and windows end at other times than people see.
	clockWarns = time.Second
	clockFails = 30 * time.Second
)

// clock compares the clock of a store with this machine's. took is how long asking took, and so how unsure the answer is.
func (e *examination) clock(whose string, theirs time.Time, took time.Duration) {
	off := theirs.Sub(e.options.Now()).Abs()
	switch off = max(0, off-took); {
	case off > clockFails:
		e.add("clock", Failed, "the clock of %s is %s off this machine's; let NTP set both", whose, off.Round(time.Second))
	case off > clockWarns:
		e.add("clock", Warning, "the clock of %s is %s off this machine's; let NTP set both", whose, off.Round(10*time.Millisecond))
	default:
		e.add("clock", OK, "the clock of %s agrees with this machine's", whose)
	}
}
