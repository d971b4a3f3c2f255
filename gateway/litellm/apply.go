package litellm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"
)

const (
	// atOnce is how many changes are under way: the gateway writes one after the other, and the way there and back takes time.
	atOnce = 8
	// mostErrors is after how many a kind is given up.
	mostErrors = 10
)

// errOtherName stops an import whose changes bear another name.
var errOtherName = errors.New("the gateway does not keep what the import made under its name: import with the admin key of the gateway's configuration, " +
	"as what an admin key of somebody makes is theirs, and could be neither imported again nor rolled back")

// Apply does what the plan says. After an error, or when it was stopped, a new plan goes on where this one ended.
func (p *Plan) Apply(ctx context.Context, progress io.Writer) error {
	for _, kind := range kinds {
		done, err := p.applyKind(ctx, kind)
		if done > 0 {
			_, _ = fmt.Fprintf(progress, "%s: %d done\n", kind, done)
		}
		if err != nil {
			return fmt.Errorf("import %s; the same command goes on from here: %w", kind, err)
		}
	}
	return nil
}

func (p *Plan) applyKind(ctx context.Context, kind string) (done int, err error) {
	var mu sync.Mutex
	var failed []error
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, s := range p.steps {
		if s.kind != kind || s.verb == verbKept {
			continue
		}
		group.Go(func() error {
			mu.Lock()
			tooMany := len(failed) >= mostErrors
			mu.Unlock()
			if tooMany || ctx.Err() != nil {
				return nil
			}
			err := p.bring(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", s.id, err))
				return nil
			}
			done++
			return nil
		})
	}
	_ = group.Wait() // steps note their errors themselves
	return done, errors.Join(append(failed, ctx.Err())...)
}

// bring makes or changes an object, and brings what was spent.
func (p *Plan) bring(ctx context.Context, s step) error {
	if s.verb != verbSame && s.verb != verbShared {
		record, err := s.make(ctx)
		if err != nil {
			return err
		}
		if record.CreatedBy != ActorOf(p.options.Origin) {
			return errOtherName
		}
	}
	if s.spender == nil || s.verb == verbCreate && s.spend == 0 {
		return nil
	}
	_, err := p.gateway.OpenSpend(ctx, s.spender(), p.options.Origin, s.spend)
	return err
}

// Verify says what of the plan is not so: every object with its settings, every key's digest, and that nothing counts
// as less than LiteLLM has spent. It also tells which periods end at another time.
func (p *Plan) Verify(w io.Writer) error {
	wrong, moved, shared := 0, 0, 0
	tell := func(format string, args ...any) {
		if wrong++; wrong <= mostNamed {
			_, _ = fmt.Fprintf(w, format, args...)
		}
	}
	for _, s := range p.steps {
		switch {
		case s.verb == verbCreate:
			tell("missing: %s %s\n", s.kind, s.id)
		case s.verb == verbDelete:
			tell("not at LiteLLM: %s\n", s.id)
		case len(s.changed) > 0 && s.verb == verbShared:
			shared++
			if shared <= mostNamed {
				_, _ = fmt.Fprintf(w, "shared: %s %s has the settings of another proxy: %v\n", s.kind, s.id, s.changed)
			}
		case len(s.changed) > 0:
			tell("differs: %s %s: %v\n", s.kind, s.id, s.changed)
		case s.spender != nil && s.counted < s.spend:
			tell("spent less: %s %s: %s here, %s at LiteLLM\n", s.kind, s.id, s.counted.Dollars(), s.spend.Dollars())
		case s.ends != nil && (s.endsHere == nil || !s.endsHere.Equal(*s.ends)):
			moved++
			if moved <= mostNamed {
				_, _ = fmt.Fprintf(w, "period: %s %s ends %s here, %s at LiteLLM\n", s.kind, s.id, timeOrNever(s.endsHere), timeOrNever(s.ends))
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d objects are not as LiteLLM has them", wrong, len(p.steps))
	}
	if shared > 0 {
		_, _ = fmt.Fprintf(w, "%d objects have the settings of another proxy\n", shared)
	}
	_, _ = fmt.Fprintf(w, "%d objects are as LiteLLM has them; %d periods end at another time\n", len(p.steps)-shared, moved)
	return nil
}
