package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// An object of a configuration can be blocked and let through at once. The configuration stays right about what it
// says, and its next apply leaves alone what was done at night, until it says something else.

// setBlocked blocks an object or lets it through, for the request's caller.
func (s *Server) setBlocked(c *route.Call, record *api.Record, blocked *bool, wanted bool) error {
	if record.ManagedBy == nil || c.Change.ManagedBy != nil {
		*blocked, record.BlockedAtOnce = wanted, nil
		return nil
	}
	if c.Change.Reason == "" {
		return api.FieldErrorf(api.HeaderChangeReason, "is required: the object is managed by %s, and who reads there has to learn why it is otherwise", record.ManagedBy)
	}
	configured := *blocked
	if record.BlockedAtOnce != nil {
		configured = record.BlockedAtOnce.Configured
	}
	*blocked, record.BlockedAtOnce = wanted, nil
	if wanted != configured {
		record.BlockedAtOnce = &api.BlockedAtOnce{Configured: configured, By: c.Change.Actor, At: s.now().UTC(), Reason: c.Change.Reason}
	}
	return nil
}

// keepAtOnce keeps what was done at once when the configuration says what it said before.
func keepAtOnce(c *route.Call, record *api.Record, before bool, blocked *bool) {
	switch at := record.BlockedAtOnce; {
	case at == nil:
	case c.Change.ManagedBy != nil && *blocked == at.Configured:
		*blocked = before
	case c.Change.ManagedBy != nil || *blocked != before:
		record.BlockedAtOnce = nil
	}
}
