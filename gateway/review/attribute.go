package review

import "math"

// attribute is one attribute of a resource that limits, prices, routes or reveals.
type attribute struct {
	// path is the attribute's name, with dots for nested ones.
	path   string
	format format
	// none is what null or an empty list means.
	none string
	// ordinary is the value that a new resource need not mention.
	ordinary any
	// inTeam says that the column Team tells it of a new resource.
	inTeam bool
	// limit says that a larger number allows more, and null everything.
	limit bool
	// money says that the limit is an amount of money.
	money bool
	// ordinal says that a number is a place in an order, not an amount.
	ordinal bool
	// perModel says that the attribute is a map of such limits by model name.
	perModel bool
	// within says that the attribute holds others, which are compared one by one.
	within bool
	// loosens tells by how much a change allows more; nil is never.
	loosens effect
	// says is what the column Change tells of a change that has no number; empty is "changes".
	says string
	// tells is says where the values make a difference.
	tells func(difference) string
}

// loosening is by how much a change allows more than before. The zero value is not at all.
type loosening struct {
	// share is 0.5 for half as much again, and infinite for what has no measure.
	share float64
	// why is what is said of a change without measure: "is removed".
	why string
}

func unmeasured(why string) loosening { return loosening{share: math.Inf(1), why: why} }

// effect tells by how much a difference allows more. Values that are not known count as the worst they may be.
type effect func(difference) loosening

const notKnown = "is not known before it is applied"

// grown is the effect of a limit: a larger number allows more, and none allows everything.
func grown(d difference) loosening {
	before, hadNumber := d.old.number()
	after, hasNumber := d.new.number()
	switch {
	case d.old.empty():
		return loosening{}
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case d.new.empty():
		return unmeasured("is removed")
	case hadNumber && hasNumber && after > before && before == 0:
		return loosening{share: math.Inf(1)}
	case hadNumber && hasNumber && after > before:
		return loosening{share: (after - before) / before}
	default:
		return loosening{}
	}
}

// cheapened is the effect of a price: what costs less counts less against every cap.
func cheapened(d difference) loosening {
	before, hadNumber := d.old.number()
	after, hasNumber := d.new.number()
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case hasNumber && after == 0 && (!hadNumber || before != 0):
		return unmeasured("is 0: calls count nothing by it")
	case hadNumber && d.new.empty():
		return unmeasured("is removed: what counts is not in the plan")
	case hadNumber && hasNumber && after < before:
		return loosening{share: before/after - 1}
	default:
		return loosening{}
	}
}

// becomes is the effect of a value that allows more than any other.
func becomes(loose any, why string) effect {
	return func(d difference) loosening {
		switch {
		case d.new.unknown || d.new.sensitive:
			return unmeasured(notKnown)
		case d.new.raw == loose && d.old.raw != loose:
			return unmeasured(why)
		default:
			return loosening{}
		}
	}
}

// opened is the effect of a list of which none means all.
func opened(why string) effect {
	return func(d difference) loosening {
		switch {
		case d.new.unknown || d.new.sensitive:
			return unmeasured(notKnown)
		case d.new.empty() && !d.old.empty():
			return unmeasured(why)
		default:
			return loosening{}
		}
	}
}

// granted is the effect of a list of which each entry allows more, and none nothing.
func granted(why string) effect {
	return func(d difference) loosening {
		switch {
		case d.new.unknown || d.new.sensitive:
			return unmeasured(notKnown)
		case missingIn(d.old.texts(), d.new.texts()) > 0:
			return unmeasured(why)
		default:
			return loosening{}
		}
	}
}

// narrowed is the effect of a list of what people are told, of which none means all: less is told.
func narrowed(why string) effect {
	return func(d difference) loosening {
		switch {
		case d.new.unknown || d.new.sensitive:
			return unmeasured(notKnown)
		case d.new.empty():
			return loosening{}
		case d.old.empty(), missingIn(d.new.texts(), d.old.texts()) > 0:
			return unmeasured(why)
		default:
			return loosening{}
		}
	}
}

// any change of the attribute has the effect.
func always(why string) effect {
	return func(difference) loosening { return unmeasured(why) }
}
