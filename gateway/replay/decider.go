package replay

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// batchSize is how many calls are decided at once.
const batchSize = 2048

// decider decides calls in batches, each run in its order. The runs decide one batch at the same time, while the next
// one is read from the record.
type decider struct {
	told *tally
	// runs are by the limits in force and by the proposed ones; one run alone is both.
	runs     []*run
	reading  []api.RecordedCall
	deciding []api.RecordedCall
	verdicts [2][]verdict
	under    *errgroup.Group
}

func (d *decider) decideEach(ctx context.Context, record Record, from, to time.Time) error {
	d.reading, d.deciding = make([]api.RecordedCall, 0, batchSize), make([]api.RecordedCall, 0, batchSize)
	err := record.EachRecordedCall(ctx, from, to, func(call *api.RecordedCall) error {
		if d.reading = append(d.reading, *call); len(d.reading) < batchSize {
			return nil
		}
		return d.next(ctx)
	})
	if err != nil {
		_ = d.finish()
		return err
	}
	if err := d.next(ctx); err != nil {
		return err
	}
	return d.finish()
}

// next begins with the batch that was read, once the one before it is decided.
func (d *decider) next(ctx context.Context) error {
	if err := d.finish(); err != nil {
		return err
	}
	d.reading, d.deciding = d.deciding[:0], d.reading
	d.under = &errgroup.Group{}
	for i, run := range d.runs {
		d.under.Go(func() (err error) {
			d.verdicts[i], err = run.decideAll(ctx, d.deciding, d.verdicts[i][:0])
			return err
		})
	}
	return nil
}

// finish waits for the batch that is being decided, and counts it.
func (d *decider) finish() error {
	if d.under == nil {
		return nil
	}
	err := d.under.Wait()
	d.under = nil
	if err != nil {
		return err
	}
	before, after := d.verdicts[0], d.verdicts[len(d.runs)-1]
	for i := range d.deciding {
		d.told.count(&d.deciding[i], before[i], after[i])
	}
	return nil
}

func (r *run) decideAll(ctx context.Context, calls []api.RecordedCall, verdicts []verdict) ([]verdict, error) {
	for i := range calls {
		decided, err := r.decide(ctx, &calls[i])
		if err != nil {
			return verdicts, err
		}
		verdicts = append(verdicts, decided)
	}
	return verdicts, nil
}
