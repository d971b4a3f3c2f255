package api

import (
	"net/http"
	"strconv"
	"time"
)

// maxRetryAfter is the longest wait that a header is believed, about eleven days.
const maxRetryAfter = 1e6 * time.Second

// RetryAfter is how long a server asks to be left alone: in milliseconds as model providers write it, in
// seconds, or until a date. It is 0 when the server does not ask, and when what it says makes no sense.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	if wait := timesUnit(header.Get("Retry-After-Ms"), time.Millisecond); wait > 0 {
		return wait
	}
	text := header.Get("Retry-After")
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return timesUnit(text, time.Second)
}

// timesUnit reads a number of units; 0 for what is no sensible number.
func timesUnit(text string, unit time.Duration) time.Duration {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number > 0) || number > float64(maxRetryAfter/unit) {
		return 0
	}
	return time.Duration(number * float64(unit))
}
