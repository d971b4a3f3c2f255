package store

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// oddPeriods is the setting that says from when odd durations such as "90d" count from an object's creation. Releases
// before counted them from one date for everybody, and what was made by then goes on so: its running period must not
// end early, nor give out its money twice.
const oddPeriods = "odd_periods_since_ms"

// noteOddPeriods notes when the first gateway that counts so met the database; one that was never used has nothing
// older. It comes before the secret key is noted, by which a database that was used is known.
func (s *Store) noteOddPeriods(ctx context.Context) error {
	since := "0"
	var used string
	found, err := s.one(ctx, "setting_get", args{"name": "secret_key"}, &used)
	if err != nil {
		return fmt.Errorf("see whether %s was used before: %w", s.db.Place, err)
	}
	if found {
		since = strconv.FormatInt(s.now().UnixMilli(), 10)
	}
	if _, err := s.exec(ctx, "setting_put_first", args{"name": oddPeriods, "value": since}); err != nil {
		return fmt.Errorf("note how %s counts periods: %w", s.db.Place, err)
	}
	return nil
}

// OddPeriodsSince is from when odd durations such as "90d" count from the creation of the object that has them.
func (s *Store) OddPeriodsSince(ctx context.Context) (time.Time, error) {
	var text string
	if _, err := s.one(ctx, "setting_get", args{"name": oddPeriods}, &text); err != nil {
		return time.Time{}, fmt.Errorf("read how %s counts periods: %w", s.db.Place, err)
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read how %s counts periods: %w", s.db.Place, err)
	}
	return time.UnixMilli(ms), nil
}
