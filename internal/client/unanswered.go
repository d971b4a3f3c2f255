package client

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// UnansweredError says that nobody knows whether a create took effect: its answer was lost or cannot be read.
// [Client.FindCreated] tells later.
type UnansweredError struct {
	// RequestID is under what the gateway's audit log has the create, if it took effect.
	RequestID string
	// Err is what came instead of an answer.
	Err error
}

func (e *UnansweredError) Error() string { return e.Err.Error() }

// Unwrap returns what came instead of an answer.
func (e *UnansweredError) Unwrap() error { return e.Err }

// unanswered wraps err unless the gateway itself has refused, by which nothing was made. lost says that an attempt
// before the last one may have made it: a refusal of the last one, such as "too many requests", tells nothing then.
func unanswered(err error, requestID string, lost bool) error {
	if err == nil {
		return nil
	}
	if !lost && (errors.Is(err, errNotSent) || isUnreachable(err) || isLost(err)) {
		return err
	}
	refused, ok := errors.AsType[*api.Error](err)
	if ok && !lost && refused.Status >= http.StatusBadRequest && refused.Status < http.StatusInternalServerError {
		return err
	}
	return &UnansweredError{RequestID: requestID, Err: err}
}

// createdPages is how many pages of the audit log, newest first, are looked through for a create.
const createdPages = 20

// FindCreated returns the id of the object that a request made, as the audit log names it, or [api.NotFound] when
// it made none. Noun is the audit log's: team, member, key, budget, alert_route or model. The id of a member is
// TEAM#USER.
func (c *Client) FindCreated(ctx context.Context, noun, requestID string) (string, error) {
	query := map[string]string{"action": noun + ".create", "page_size": strconv.Itoa(pageSize)}
	for range createdPages {
		var page api.AuditPage
		err := c.get(ctx, "/audit", query, &page)
		if err = whole(err, page.Audits != nil, "GET /audit"); err != nil {
			return "", wrap(err, "look for an unanswered create in the audit log")
		}
		for _, audit := range page.Audits {
			if audit.RequestID == requestID {
				return audit.ObjectID, nil
			}
		}
		if page.NextCursor == "" {
			break
		}
		query["cursor"] = page.NextCursor
	}
	return "", api.Errorf(api.NotFound, "request %s has made no %s", requestID, noun)
}
