package review

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// enforcement is whether limits refuse, or are only watched for a while.
var enforcement = []attribute{
	{path: "mode", format: plain, none: "what holds around it", tells: enforces, loosens: watched},
	{path: "enforce_from", format: plain, none: "never", tells: enforcedThen, loosens: watchedLonger},
}

const (
	onlyWatched = "is only watched, and refuses nobody"
	leftAround  = "is left to what holds around it"
)

// enforces says what a mode does that loosens nothing.
func enforces(d difference) string {
	held, _ := d.after.holds()
	switch {
	case d.new.empty() && held == refusing:
		return "is enforced by what holds around it"
	case d.new.empty():
		return leftAround
	case held == watching:
		return "is watched no longer than before"
	default:
		return "is enforced"
	}
}

// enforcedThen says what a date does that loosens nothing: it belongs to the mode.
func enforcedThen(d difference) string {
	if d.new.empty() && d.after.at("mode").raw != api.ModeAudit {
		return "goes with the mode"
	}
	return "is enforced at another time"
}

// watched is the effect of a mode. Whether what is left to the gateway refuses is not in a plan.
func watched(d difference) loosening {
	was, refusedFrom := d.before.holds()
	held, refusesFrom := d.after.holds()
	noMore := held == refusing || held == watching && was == watching && !refusesFrom.After(refusedFrom)
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case noMore:
		return loosening{}
	case held == watching && d.new.raw == api.ModeAudit && d.old.raw != api.ModeAudit:
		return unmeasured(onlyWatched)
	case d.new.empty() && (d.old.raw == api.ModeEnforce || !d.before.at("enforce_from").empty()):
		return unmeasured(leftAround)
	default:
		return loosening{}
	}
}

// watchedLonger is the effect of when a watched limit begins to refuse. That it is watched at all the mode tells.
func watchedLonger(d difference) loosening {
	before, errBefore := time.Parse(time.RFC3339, d.old.text())
	after, errAfter := time.Parse(time.RFC3339, d.new.text())
	mode := d.after.at("mode")
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case d.old.empty() || mode.raw != api.ModeAudit && !mode.unknown || errBefore == nil && errAfter == nil && !after.After(before):
		return loosening{}
	case d.new.empty():
		return unmeasured("is never enforced")
	default:
		return unmeasured("is watched for longer")
	}
}
