package quota

import (
	"time"

	"github.com/oklog/ulid/v2"
)

// Others says since when each of the other gateways has been there that lived at the last beat, by its own clock.
func (r *Redis) Others() []time.Time {
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
