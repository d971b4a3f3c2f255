// Package post puts a review where people decide: as one comment on a pull request, and as a commit status.
//
// It promises one comment for each name, however often a pipeline runs: its own is found by a marker and its author, and
// brought up to date; nobody else's is touched. Where nothing changes nothing is written. It must never know what a
// review is made of.
package post

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Review is what is put up.
type Review struct {
	// Name tells the reviews of several pipelines on one pull request apart.
	Name string
	// Markdown is the whole review, and Summary the same on one line, for the commit status.
	Markdown, Summary string
	// Changes is how many resources it is about, NeedsApproval that somebody must agree.
	Changes       int
	NeedsApproval bool
	// Reviewers are asked to review, each once: a person, or group/name for a group that the host knows.
	Reviewers []string
	// Labels are set, and those of Managed that are not among them are taken off.
	Labels, Managed []string
	// Link leads to the pipeline; empty is no link.
	Link string
}

// Comment is one of ours.
type Comment struct {
	ID   int64
	Body string
}

// Host is where pull requests are.
type Host interface {
	// MostBytes is how long a comment may be.
	MostBytes() int
	// Find returns the comment of ours that holds a marker.
	Find(ctx context.Context, marker string) (Comment, bool, error)
	Create(ctx context.Context, body string) error
	Update(ctx context.Context, id int64, body string) error
	// Ask requests reviews of people and groups. It says whom the host cannot ask.
	Ask(ctx context.Context, reviewers []string) error
	// Label sets labels and takes others off. What is so already is left alone.
	Label(ctx context.Context, set, takeOff []string) error
	// Status says on the commit whether somebody must agree.
	Status(ctx context.Context, name, summary, link string, waits bool) error
}

// Outcome is what became of the comment.
type Outcome string

// Outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	None      Outcome = "not needed"
)

// Publish brings the comment, the status, the reviewers and the labels up to date. Each is set even where another cannot be.
func Publish(ctx context.Context, host Host, review Review) (Outcome, error) {
	existing, found, err := host.Find(ctx, marker(review.Name))
	if err != nil {
		status := host.Status(ctx, "bursar/"+review.Name, review.Summary, review.Link, review.NeedsApproval)
		return None, errors.Join(fmt.Errorf("look for the comment of before: %w", err), wrap("set the commit status", status))
	}
	invited := invite(ctx, host, review, existing.Body)
	if invited != nil {
		review.Reviewers = nil // who was not asked is asked the next time
	}
	outcome, err := comment(ctx, host, review, existing, found)
	status := host.Status(ctx, "bursar/"+review.Name, review.Summary, review.Link, review.NeedsApproval)
	return outcome, errors.Join(err, wrap("set the commit status", status), invited, label(ctx, host, review))
}

// invite asks those who were not asked before: the comment remembers whom, so that nobody is asked at every run.
func invite(ctx context.Context, host Host, review Review, before string) error {
	asked := askedIn(before)
	fresh := slices.DeleteFunc(slices.Clone(review.Reviewers), func(name string) bool { return slices.Contains(asked, name) })
	if len(fresh) == 0 {
		return nil
	}
	return wrap("ask for a review", host.Ask(ctx, fresh))
}

func label(ctx context.Context, host Host, review Review) error {
	takeOff := slices.DeleteFunc(slices.Clone(review.Managed), func(name string) bool { return slices.Contains(review.Labels, name) })
	if len(review.Labels) == 0 && len(takeOff) == 0 {
		return nil
	}
	return wrap("set labels", host.Label(ctx, review.Labels, takeOff))
}

const askedMark = "<!-- asked for a review: "

// askedIn are those whom a comment remembers to have been asked.
func askedIn(body string) []string {
	_, rest, found := strings.Cut(body, askedMark)
	names, _, whole := strings.Cut(rest, " -->")
	if !found || !whole {
		return nil
	}
	return strings.Fields(names)
}

// remembering adds to a comment whom was asked, now and before.
func remembering(review Review, before string) string {
	names := slices.Concat(askedIn(before), review.Reviewers)
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return ""
	}
	return "\n" + askedMark + strings.Join(names, " ") + " -->"
}

func comment(ctx context.Context, host Host, review Review, existing Comment, found bool) (Outcome, error) {
	body := bodyOf(marker(review.Name)+remembering(review, existing.Body), review, existing.Body, host.MostBytes())
	switch {
	case !found && review.Changes == 0:
		return None, nil
	case !found:
		return Created, wrap("write the comment", host.Create(ctx, body))
	case existing.Body == body:
		return Unchanged, nil
	default:
		return Updated, wrap("bring the comment up to date", host.Update(ctx, existing.ID, body))
	}
}

func wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// marker names a comment, where readers do not see it.
func marker(name string) string {
	return "<!-- bursar review " + strings.NewReplacer("-->", "", "\n", " ").Replace(name) + " -->"
}

// bodyOf is the comment. A review that has nothing left folds what it said before.
func bodyOf(marker string, review Review, before string, most int) string {
	text := marker + "\n" + review.Markdown
	if review.Changes == 0 && before != "" {
		_, earlier, _ := strings.Cut(before, "-->\n")
		if _, rest, asked := strings.Cut(earlier, "-->\n"); asked && strings.HasPrefix(earlier, askedMark) {
			earlier = rest
		}
		earlier = strings.TrimSpace(earlier)
		if !strings.Contains(earlier, folded) {
			text += "\n" + folded + "\n\n" + earlier + "\n\n</details>\n"
		} else {
			text = before
		}
	}
	if review.Link != "" && !strings.Contains(text, review.Link) && len(text) > most {
		return cut(text, most, "\n\nThe rest did not fit: see [the pipeline]("+review.Link+").\n")
	}
	return cut(text, most, "\n\nThe rest did not fit.\n")
}

const folded = "<details><summary>What the review said before</summary>"

// cut ends a text that is too long at a line, so that no row of a table is broken.
func cut(text string, most int, ending string) string {
	if len(text) <= most {
		return text
	}
	kept := text[:most-len(ending)]
	for !utf8.ValidString(kept) {
		kept = kept[:len(kept)-1]
	}
	if line := strings.LastIndexByte(kept, '\n'); line > 0 {
		kept = kept[:line]
	}
	return kept + ending
}
