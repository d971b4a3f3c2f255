package admin

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// expiry is what a request says about a key's life with duration; a request may as well leave it out.
type expiry struct {
	given bool
	// at is nil for a key that never expires.
	at *time.Time
}

// readExpiry takes duration out of the input: "30d" from now, "-1" or null for ever.
func readExpiry(in *route.Input, now time.Time) (expiry, error) {
	if !in.Has("duration") {
		return expiry{}, nil
	}
	if err := in.RefuseEmpty("duration"); err != nil {
		return expiry{}, err
	}
	text, err := in.Text("duration")
	if err != nil {
		return expiry{}, err
	}
	if in.Has("expires") && text != "" {
		return expiry{}, api.FieldErrorf("duration", "cannot be set together with expires: both say when the key ends")
	}
	if text == "" || text == "-1" {
		return expiry{given: true}, nil
	}
	span, err := api.ParseSpan(text)
	if err != nil {
		return expiry{}, api.FieldErrorf("duration", "%s", err)
	}
	at := span.AddTo(now.UTC().Truncate(time.Millisecond))
	return expiry{given: true, at: &at}, nil
}

func (e expiry) apply(key *api.KeyFields) {
	if e.given {
		key.Expires = e.at
	}
}
