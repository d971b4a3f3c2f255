// Package nearest guesses which name was meant by one that there is not.
//
// It promises no guess where nothing is written alike. It must never know what the names are of.
package nearest

import (
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Name is the one of names that is written almost like the given one, "" when none is.
func Name(given string, names []string) string {
	given, names = strings.ToLower(given), slices.Sorted(slices.Values(names))
	best, distance := "", 1+max(1, (len(given)+1)/3)
	for _, name := range names {
		if d := levenshtein.Distance(given, strings.ToLower(name), nil); d < distance {
			best, distance = name, d
		}
	}
	return best
}
