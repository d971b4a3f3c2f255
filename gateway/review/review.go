// Package review says in Markdown what a Terraform plan does to quotas, for the people who
// approve it.
//
// It promises to name every quota that the plan changes, to print no value that Terraform
// calls sensitive, and to keep names from the configuration from becoming markup. It must never
// know where plans and usage come from: it reads JSON and asks a [UsageReader].
package review

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// Options say what a review is made of. The zero value reads the plan alone.
type Options struct {
	// Usage, if there is one, tells what has been spent already.
	Usage UsageReader
	// MaxIncreasePct is the percentage that a limit may grow by without approval; 0 is no policy.
	// Taking a limit or a hard cap away always exceeds it.
	MaxIncreasePct float64
}

// Result is what a review found.
type Result struct {
	// Changes is the number of resources whose quotas change.
	Changes int
	// NeedsApproval says that a change exceeds the policy; Reasons say which and why, as plain text.
	NeedsApproval bool
	Reasons       []string
}

// Render reads a plan as "terraform show -json" prints it and writes the review.
// The error of a plan that cannot be read says what one is and how to make it; it wraps
// [ErrPlan], and nothing has been written then. Usage that cannot be read is said in the review.
func Render(ctx context.Context, w io.Writer, plan io.Reader, options Options) (Result, error) {
	read, err := readPlan(plan)
	if err != nil {
		return Result{}, err
	}
	usage := readUsage(ctx, options.Usage, read.objects)
	var result Result
	var rows []row
	var reasons []reason
	counts := map[happening]int{}
	for _, object := range read.objects {
		found := rowsOf(object, usage)
		if len(found) == 0 {
			continue
		}
		result.Changes++
		counts[happening{object.kind, object.action}]++
		rows = append(rows, found...)
		reasons = append(reasons, exceeds(object, options.MaxIncreasePct)...)
	}
	for _, reason := range reasons {
		result.Reasons = append(result.Reasons, reason.String())
	}
	result.NeedsApproval = len(reasons) > 0
	page := page{
		rows: rows, withUsage: options.Usage != nil, summary: summary(counts),
		notes: append(usage.notes(read.objects), read.notes...), reasons: reasons,
	}
	if _, err := io.WriteString(w, page.markdown()); err != nil {
		return Result{}, fmt.Errorf("write the review: %w", err)
	}
	return result, nil
}

// happening is what the summary counts by.
type happening struct {
	kind   *kind
	action action
}

// summary says how many resources change in which way: "2 teams change, 1 key is new".
func summary(counts map[happening]int) string {
	var parts []string
	for _, kind := range kinds {
		for _, action := range actions {
			switch n := counts[happening{kind, action.action}]; n {
			case 0:
			case 1:
				parts = append(parts, "1 "+kind.noun+" "+action.one)
			default:
				parts = append(parts, fmt.Sprintf("%d %ss %s", n, kind.noun, action.many))
			}
		}
	}
	return strings.Join(parts, ", ") + "."
}
