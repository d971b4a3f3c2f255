// Package litellm brings what a LiteLLM proxy knows to a gateway: its configuration file as gateway.yaml, and its teams,
// users, keys, budgets, models and what they have spent in their running periods through the admin API.
//
// It promises to change nothing at LiteLLM, to name everything that it does not carry with what to do about it, and that
// a second run takes only what differs. It must never know of the gateway's store, and never show a secret.
package litellm

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// actor is who the audit log says made the changes.
const actor = "bursar import litellm"

// ActorOf is who the audit log says made the changes for a proxy. What it made, and nobody else, is changed and rolled back.
func ActorOf(origin string) string {
	if origin == "" || origin == DefaultOrigin {
		return actor
	}
	return actor + " " + origin
}

// originOf is the proxy whose import made something; false for what no import made.
func originOf(madeBy string) (string, bool) {
	origin, found := strings.CutPrefix(madeBy, actor+" ")
	if madeBy == actor {
		return DefaultOrigin, true
	}
	return origin, found
}

// Weight is how much it matters that something is not carried over as it was.
type Weight int

// Weights, the heaviest first.
const (
	// Blocking is something that programs will notice, or a limit that is not in force.
	Blocking Weight = iota
	// Different is something that works in another way.
	Different
	// Minor is something that nobody will miss.
	Minor
)

// String is how reports say it.
func (w Weight) String() string { return [...]string{"IMPORTANT", "different", "minor"}[w] }

// Finding is something that is not carried over as it was.
type Finding struct {
	Weight Weight
	// What names it, such as "key app: aliases". Advice says what to do.
	What, Advice string
}

// Findings are collected on the way.
type Findings []Finding

func (f *Findings) add(weight Weight, what, advice string) {
	*f = append(*f, Finding{weight, what, advice})
}

// Write lists them by weight, the heaviest first; those with the same advice stand together.
func (f Findings) Write(w io.Writer) {
	sorted := slices.Clone(f)
	slices.SortStableFunc(sorted, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.Advice, b.Advice))
	})
	for len(sorted) > 0 {
		first, same := sorted[0], 1
		for same < len(sorted) && sorted[same].Weight == first.Weight && sorted[same].Advice == first.Advice {
			same++
		}
		_, _ = fmt.Fprintf(w, "%s: %s\n", first.Weight, first.Advice)
		for i, finding := range sorted[:same] {
			if i == mostNamed {
				_, _ = fmt.Fprintf(w, "    and %d more\n", same-i)
				break
			}
			_, _ = fmt.Fprintf(w, "    %s\n", finding.What)
		}
		sorted = sorted[same:]
	}
}

// mostNamed is how many findings of one kind are listed one by one.
const mostNamed = 20
