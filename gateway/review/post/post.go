// Package post puts a review where people decide: as one comment on a pull request, and as a commit status.
//
// It promises one comment for each name, however often a pipeline runs: its own is found by a marker and its author, and
// brought up to date; nobody else's is touched. Where nothing changes nothing is written. It must never know what a
// review is made of.
package post

import (
	"context"
	"fmt"
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

// Publish brings the comment and the status up to date. The status is set even where the comment cannot be written.
func Publish(ctx context.Context, host Host, review Review) (Outcome, error) {
	outcome, err := comment(ctx, host, review)
	if statusErr := host.Status(ctx, "bursar/"+review.Name, review.Summary, review.Link, review.NeedsApproval); statusErr != nil && err == nil {
		err = fmt.Errorf("set the commit status: %w", statusErr)
	}
	return outcome, err
}

func comment(ctx context.Context, host Host, review Review) (Outcome, error) {
	marker := marker(review.Name)
	existing, found, err := host.Find(ctx, marker)
	if err != nil {
		return None, fmt.Errorf("look for the comment of before: %w", err)
	}
	body := bodyOf(marker, review, existing.Body, host.MostBytes())
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
		earlier := strings.TrimSpace(strings.TrimPrefix(before, marker))
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
