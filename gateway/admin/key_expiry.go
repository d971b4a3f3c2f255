package admin

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// lifetime is how long a key lives from now: "30d", or "-1" for ever, which null says as well.
type lifetime string

// set sets when a key expires, unless the request leaves that as it is. It may say so with expires as well, but not
// with both.
func (l lifetime) set(c *route.Call, now time.Time, expires **time.Time) error {
	switch {
	case !c.In.Has("duration"):
		return nil
	case l != "" && c.In.Has("expires"):
		return api.FieldErrorf("duration", "cannot be set together with expires: both say when the key ends")
	case l == "" || l == "-1":
		*expires = nil
		return nil
	}
	span, err := api.ParseSpan(string(l))
	if err != nil {
		return api.FieldErrorf("duration", "%s", err)
	}
	at := span.AddTo(now.UTC().Truncate(time.Millisecond))
	*expires = &at
	return nil
}
