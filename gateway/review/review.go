// Package review says in Markdown, text or JSON what a Terraform plan does to quotas, for the people who
// approve it.
//
// It promises to name every quota that the plan changes, to print no value that Terraform
// calls sensitive, and to keep names from the configuration from becoming markup. It must never
// know where plans and usage come from: it reads JSON and asks a [UsageReader].
package review

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
)

// Options say what a review is made of. The zero value reads the plan alone.
type Options struct {
	// Usage, if there is one, tells what has been spent already.
	Usage UsageReader
	// Gateway, if there is one, tells what the plan would do.
	Gateway Rehearser
	// Replay, if there is one, decides the calls of the last days again.
	Replay Replayer
	// Foretell, if there is one, tells what teams will cost; Now is the time of it, nil for the clock's.
	Foretell Foreteller
	Now      func() time.Time
	// Calls, if there is one, tells who still uses what goes away.
	Calls CallReader
	// Peaks, if there is one, tells what was used of limits per minute.
	Peaks PeakReader
	// Format is one of the formats below; empty is [Markdown].
	Format string
	// MaxIncreasePct is the percentage that a limit may grow by without approval; 0 is no policy.
	// Taking a limit or a hard cap away always exceeds it.
	MaxIncreasePct float64
	// Policy, if there is one, says what deserves a warning and who must agree.
	Policy *policy.Policy
}

// Result is what a review found.
type Result struct {
	// Changes is the number of resources whose quotas change.
	Changes int
	// NeedsApproval says that a change exceeds the policy; Reasons say which and why, as plain text.
	NeedsApproval bool
	Reasons       []string
	// Reviewers are whom a host can ask among those who must agree, and Labels what the policy sets for what does not pass.
	Reviewers, Labels []string
	// Markdown is the review for a host of pull requests, whatever it was written as.
	Markdown string
	// Asking is why the gateway could not tell what has been used or what the plan would do; nil if it told, or was not
	// asked.
	Asking error
}

// Summary is the result on one line.
func (r Result) Summary() string {
	switch {
	case r.Changes == 0:
		return "no quota changes"
	case r.NeedsApproval:
		return several(r.Changes, "change", "changes")[0] + " of quotas, " + several(len(r.Reasons), "point needs", "points need")[0] + " approval"
	default:
		return several(r.Changes, "change", "changes")[0] + " of quotas, none needs approval"
	}
}

// Render reads a plan as "terraform show -json" prints it and writes the review in the format that is asked for.
// The error of a plan that cannot be read says what one is and how to make it; it wraps
// [ErrPlan], and nothing has been written then. Usage that cannot be read is said in the review.
func Render(ctx context.Context, w io.Writer, plan io.Reader, options Options) (Result, error) {
	read, err := readPlan(plan)
	if err != nil {
		return Result{}, err
	}
	now := time.Now
	if options.Now != nil {
		now = options.Now
	}
	read.link(now())
	usage := readUsage(ctx, options.Usage, read.objects)
	rehearsed := rehearse(ctx, options.Gateway, read.objects)
	again := replay(ctx, options.Replay, read.objects)
	ahead := read.foresee(ctx, options.Foretell)
	peaks := readPeaks(ctx, options.Peaks, rehearsed.teams, now())
	calls := readCalls(ctx, options.Calls, read.objects, now())
	before, after, people := read.terms(created), read.terms(deleted), read.people()
	teams := read.teamTable(rehearsed, ahead, peaks, people)
	var result Result
	var entries []entry
	var reasons []reason
	counts, whom, named := map[happening]int{}, map[string]string{}, false
	followers := read.followers()
	for _, object := range read.byWeight() {
		object.followers = followers[object.before.at("budget_id").text()]
		told := object.entry(usage, people, before, after)
		told.elsewhere = object.kind == teamKind && teams.tells(object.teamID())
		if len(told.rows) == 0 {
			continue
		}
		result.Changes++
		counts[happening{object.kind, object.action}]++
		entries = append(entries, told)
		whom[code(object.address)] = object.whom(told.rows[0].team)
		reasons = append(reasons, exceeds(object, options.MaxIncreasePct)...)
	}
	for _, invoked := range read.invocations {
		result.Changes++
		entries = append(entries, entry{noun: "action", team: nothing, rows: []row{invoked.row()}})
		reasons = append(reasons, invoked.reasons()...)
	}
	for _, address := range read.strangers {
		result.Changes++
		line := row{resource: code(address), team: nothing, limit: nothing, old: nothing, new: nothing, change: unknownType}
		entries = append(entries, entry{noun: "resource", team: nothing, rows: []row{line}})
		reasons = append(reasons, reason{address: address, why: unknownType})
	}
	if options.MaxIncreasePct <= 0 {
		reasons = nil
	}
	var approvals, warnings []remark
	for _, reason := range reasons {
		approvals = append(approvals, reason.remark())
		result.Reasons = append(result.Reasons, reason.String())
	}
	for _, verdict := range read.judged(options.Policy) {
		result.take(verdict)
		switch verdict.Outcome {
		case policy.Approval:
			approvals = append(approvals, remarkOf(verdict))
			named = named || len(verdict.By) > 0
			result.Reasons = append(result.Reasons, oneLine(verdict.String()))
		case policy.Warn:
			warnings = append(warnings, remarkOf(verdict))
		}
	}
	for _, remarks := range [][]remark{approvals, warnings} {
		for i := range remarks {
			remarks[i].team = whom[remarks[i].address]
		}
	}
	result.NeedsApproval = len(approvals) > 0
	result.Asking = errors.Join(usage.failed, rehearsed.failed, ahead.failed, again.asking(), calls.failed, peaks.failed)
	page := page{
		entries: entries, withUsage: options.Usage != nil && !teams.tellAll(entries), summary: summary(counts, len(read.invocations), len(read.strangers)),
		headline: read.headline(), concerned: teams, now: now(), teams: teams.table(now()), effects: again.section(),
		notes:     slices.Concat(usage.notes(rehearsed.untold(read.objects)), rehearsed.notes(), calls.notes(read.objects, people), peaks.notes(), read.notes),
		approvals: alike(approvals), warnings: alike(warnings), named: named,
	}
	result.Markdown = page.markdown()
	if err := page.write(w, options.Format, result); err != nil {
		return Result{}, fmt.Errorf("write the review: %w", err)
	}
	return result, nil
}

// take notes whom a verdict asks, and its labels, each once. A name that begins with @ is one that the host knows.
func (r *Result) take(verdict policy.Verdict) {
	if verdict.Outcome == policy.Pass {
		return
	}
	for _, name := range verdict.By {
		handle, known := strings.CutPrefix(name, "@")
		if known && handle != "" && !strings.ContainsFunc(handle, unfit) && !slices.Contains(r.Reviewers, handle) {
			r.Reviewers = append(r.Reviewers, handle)
		}
	}
	for _, label := range verdict.Labels {
		if !slices.Contains(r.Labels, label) {
			r.Labels = append(r.Labels, label)
		}
	}
}

// unfit says that no host has the character in somebody's name. Owners come from metadata, which anybody may have written.
func unfit(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./", r))
}

// happening is what the summary counts by.
type happening struct {
	kind   *kind
	action action
}

// summary says how many resources change in which way: "2 teams change, 1 key is new".
func summary(counts map[happening]int, invoked, strangers int) string {
	var parts []string
	for _, kind := range kinds {
		for _, action := range actions {
			parts = append(parts, several(counts[happening{kind, action.action}], kind.noun+" "+action.one, kind.noun+"s "+action.many)...)
		}
	}
	parts = append(parts, several(invoked, "action runs", "actions run")...)
	parts = append(parts, several(strangers, "resource is of an unknown type", "resources are of unknown types")...)
	return strings.Join(parts, ", ") + "."
}

// several counts something, unless there is none of it.
func several(n int, one, many string) []string {
	switch n {
	case 0:
		return nil
	case 1:
		return []string{"1 " + one}
	default:
		return []string{thousands(strconv.Itoa(n)) + " " + many}
	}
}
