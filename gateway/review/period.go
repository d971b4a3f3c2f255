package review

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// month is what periods are measured by: the longest that a calendar has, so that "at most" is true of each.
const month = 31 * 24 * time.Hour

// perMonth is how often a period begins in a month, once for longer ones: a cap may be spent whole on any of its days.
// It is false for what is no period.
func perMonth(duration string) (float64, bool) {
	span, err := api.ParseSpan(duration)
	if err != nil {
		return 0, false
	}
	if span.Unit == api.Month || span.Unit == api.Year {
		return 1, true
	}
	return max(1, float64(month)/float64(span.Approximate())), true
}

// renewed is the effect of a period: a shorter one gives the same money more often.
func renewed(d difference) loosening {
	before, had := perMonth(d.old.text())
	after, has := perMonth(d.new.text())
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case d.old.empty() && has:
		return unmeasured("starts again and again, which it did not")
	case had && has && after > before:
		return loosening{share: after/before - 1}
	case had && has && shorter(d.new.text(), d.old.text()):
		return unmeasured("starts again sooner")
	default:
		return loosening{}
	}
}

func shorter(a, b string) bool {
	one, errOne := api.ParseSpan(a)
	other, errOther := api.ParseSpan(b)
	return errOne == nil && errOther == nil && one.Approximate() < other.Approximate()
}
