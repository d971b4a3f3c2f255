package redis

import (
	"context"
	"errors"
	"time"

	"github.com/oklog/ulid/v2"
	goredis "github.com/redis/go-redis/v9"
)

// Others says since when each of the other gateways has been there that lived at the last beat, by its own clock.
func (r *Engine) Others() []time.Time {
	var began []time.Time
	for _, gateway := range r.knownGateways() {
		id, err := ulid.ParseStrict(gateway)
		if err != nil || gateway == r.replica {
			continue
		}
		began = append(began, id.Timestamp())
	}
	return began
}

// sightingKept is how long a sighting of the record lives.
const sightingKept = 10 * time.Second

// NoteSighting writes down that a gateway has reached the record, for others that cannot. A value that is another
// each time tells when nobody writes any more.
func (r *Engine) NoteSighting(ctx context.Context, value string) error {
	bounded, cancel := r.conn.Deadline(ctx)
	defer cancel()
	return r.conn.Noted(ctx, r.conn.Client.Set(bounded, r.conn.Keys.Gateways()+":record", value, sightingKept).Err())
}

// LastSighting returns the value of the last [Engine.NoteSighting] of any gateway, "" when there was none lately.
func (r *Engine) LastSighting(ctx context.Context) (string, error) {
	bounded, cancel := r.conn.Deadline(ctx)
	defer cancel()
	value, err := r.conn.Client.Get(bounded, r.conn.Keys.Gateways()+":record").Result()
	if errors.Is(err, goredis.Nil) {
		value, err = "", nil
	}
	return value, r.conn.Noted(ctx, err)
}
