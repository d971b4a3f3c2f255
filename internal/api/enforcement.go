package api

import (
	"fmt"
	"time"
)

// Modes of limits.
const (
	// ModeEnforce refuses what is beyond a limit.
	ModeEnforce = "enforce"
	// ModeAudit counts it, tells of it and lets it pass.
	ModeAudit = "audit"
)

// Enforcement says whether an object's limits and budget refuse calls, or are only watched for a while.
type Enforcement struct {
	// Mode is "enforce" or "audit": calls beyond the limits are counted and told of, and not refused. Nil is what the object
	// around it has: a key's team, a team's budget_id, then enforcement of the gateway's configuration.
	Mode *string `json:"mode" enum:"enforce,audit"`
	// EnforceFrom is from when limits refuse that are audited until then, by themselves and on every gateway; nil is never.
	EnforceFrom *time.Time `json:"enforce_from"`
}

// Enforced says whether the object has a mode of its own, and from when its limits refuse by it: the zero time is always,
// nil is never.
func (e Enforcement) Enforced() (from *time.Time, own bool) {
	switch {
	case e.Mode == nil:
		return nil, false
	case *e.Mode == ModeAudit:
		return e.EnforceFrom, true
	default:
		return &time.Time{}, true
	}
}

func (v *validation) enforcement(e Enforcement) {
	if e.Mode != nil && *e.Mode != ModeEnforce && *e.Mode != ModeAudit {
		v.fail("mode", "is %q; it must be %q or %q, or null for what the gateway has", *e.Mode, ModeEnforce, ModeAudit)
	}
	if e.EnforceFrom == nil {
		return
	}
	if e.Mode == nil || *e.Mode != ModeAudit {
		v.fail("enforce_from", "needs mode %q: it says until when limits are only watched", ModeAudit)
	}
	if wrong := WrongEnforceFrom(*e.EnforceFrom); wrong != "" {
		v.fail("enforce_from", "%s", wrong)
	}
}

// WrongEnforceFrom says what is wrong with a time from when limits refuse, wherever it was written; "" is nothing.
func WrongEnforceFrom(from time.Time) string {
	if from.Year() < 2000 || from.Year() > 2200 {
		return fmt.Sprintf("is in the year %d, which is nobody's plan; write one from 2000 to 2200", from.Year())
	}
	return ""
}
