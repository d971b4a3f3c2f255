package store

import "context"

// sightingSetting is what the last sighting of the counters stands under.
const sightingSetting = "counters_seen"

// NoteSighting writes down that a gateway has reached the counters, for others that cannot. A value that is another
// each time tells when nobody writes any more.
func (s *Store) NoteSighting(ctx context.Context, value string) error {
	_, err := s.exec(ctx, "setting_put", args{"name": sightingSetting, "value": value})
	return err
}

// LastSighting returns the value of the last [Store.NoteSighting] of any gateway, "" when there was none.
func (s *Store) LastSighting(ctx context.Context) (value string, err error) {
	_, err = s.one(ctx, "setting_get", args{"name": sightingSetting}, &value)
	return value, err
}
