package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// sign says who a change is signed with, now that it is known to be one.
func (s *Server) sign(c *route.Call) error {
	name := c.Claimed()
	if name == "" || !c.Caller.Shared {
		return nil
	}
	taken, err := s.isTaken(c.Context(), name, c.Caller)
	if err != nil {
		return err
	}
	c.SignAs(taken)
	return nil
}

// isTaken says whether another credential has the name, or could have: those of people are not known beforehand. The log
// writes a claim behind the name of who claims it, so what stands before " (" counts, and may be the caller's own name.
func (s *Server) isTaken(ctx context.Context, name string, caller auth.Caller) (bool, error) {
	name, claim, _ := strings.Cut(name, " (")
	if claim != "" && name == caller.Name {
		return false, nil
	}
	if s.people || api.ReservedActor(name) || s.isWorkload != nil && s.isWorkload(name) {
		return true, nil
	}
	keys, err := s.record.AdminKeys(ctx)
	return slices.ContainsFunc(keys, func(key api.AdminKey) bool {
		return strings.EqualFold(name, key.AdminKeyID) || strings.EqualFold(name, api.ActorName(orNone(key.AdminKeyAlias)))
	}), err
}
