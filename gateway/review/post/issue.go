package post

import "context"

// Report is what a nightly job has found, for an issue.
type Report struct {
	// Name tells the reports of several jobs on one project apart.
	Name string
	// Title is the issue's, Markdown the whole report.
	Title, Markdown string
	// Found is how much there is to look at. Where there is nothing any more the issue is closed.
	Found int
	// Link leads to the job; empty is no link.
	Link string
}

// Tracker is where issues are.
type Tracker interface {
	// MostBytes is how long an issue may be.
	MostBytes() int
	// FindIssue returns the open issue of ours that begins with a marker.
	FindIssue(ctx context.Context, marker string) (Comment, bool, error)
	OpenIssue(ctx context.Context, title, body string) error
	EditIssue(ctx context.Context, id int64, body string) error
	// CloseIssue leaves a last text in it.
	CloseIssue(ctx context.Context, id int64, body string) error
}

// Closed is an issue that had nothing left.
const Closed Outcome = "closed"

// File keeps one open issue while there is something to report, and none where there is nothing. Where nothing changes
// nothing is written.
func File(ctx context.Context, tracker Tracker, report Report) (Outcome, error) {
	marker := marker(report.Name)
	existing, found, err := tracker.FindIssue(ctx, marker)
	if err != nil {
		return None, wrap("look for the issue of before", err)
	}
	body := bodyOf(marker, Review{Markdown: report.Markdown, Changes: 1, Link: report.Link}, "", tracker.MostBytes())
	switch {
	case !found && report.Found == 0:
		return None, nil
	case report.Found == 0:
		return Closed, wrap("close the issue", tracker.CloseIssue(ctx, existing.ID, body))
	case !found:
		return Created, wrap("open an issue", tracker.OpenIssue(ctx, report.Title, body))
	case existing.Body == body:
		return Unchanged, nil
	default:
		return Updated, wrap("bring the issue up to date", tracker.EditIssue(ctx, existing.ID, body))
	}
}
