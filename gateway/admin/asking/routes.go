// Package asking lets teams ask for more of a limit, and admins answer.
//
// It promises that what is approved is in force when the answer is given, or stands there as lines of configuration until
// an apply brings it; that an increase ends by itself; and that nothing is approved by a rule that does not allow it. It
// must never know how limits are counted, nor how a configuration is written down elsewhere.
package asking

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// requestNew is the body of POST /quota_request/new.
type requestNew struct {
	route.Fields[api.QuotaRequestFields]
}

// requestNamed is a body that names one request.
type requestNamed struct {
	QuotaRequestID string `json:"quota_request_id" required:"true"`
}

// requestAnswer is the body of POST /quota_request/approve and of POST /quota_request/decline.
type requestAnswer struct {
	QuotaRequestID string `json:"quota_request_id" required:"true"`
	// Answer is a word to who asked.
	Answer string `json:"answer"`
	// AtOnce raises the limit of a managed object too, without waiting for its configuration; X-Change-Reason is required then.
	AtOnce bool `json:"at_once"`
}

// requestsWanted selects requests.
type requestsWanted struct {
	// Requests of this team only.
	TeamID string `query:"team_id"`
	// Requests of these teams only, with commas between them.
	TeamIDs []string `query:"team_ids"`
	// Requests in this state only: pending, waiting, done, declined or cancelled.
	State string `query:"state"`
}

// requestList is the answer of GET /quota_request/list.
type requestList struct {
	QuotaRequests []api.QuotaRequest `json:"quota_requests"`
}

// Routes are the operations on requests.
func Routes(d *Desk) []route.Route {
	const tag = "quota request"
	return []route.Route{
		route.New("POST /quota_request/new", auth.TeamWrite, d.ask, route.Spec{
			Tag: tag, Closed: true, Summary: "Ask for more of a limit until a moment.", Scope: route.TeamInBody, Repeatable: true,
			Description: "A rule of `requests.auto_approve` may approve it at once. Admins are told by the event `quota.requested`.",
			Errors:      route.Codes(api.NotFound),
		}),
		route.New("GET /quota_request/list", auth.TeamRead, d.list, route.Spec{
			Tag: tag, Closed: true, Summary: "List the newest requests.", Scope: route.TeamsInQuery,
		}),
		route.New("POST /quota_request/approve", auth.Write, d.approve, route.Spec{
			Tag: tag, Closed: true, Summary: "Approve a request: its limit is raised and lowered again by itself.",
			Description: "The configuration of a managed object gets the lines in `hcl`, and the request waits until an apply brings them; `at_once` does not wait.",
			Errors:      route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("POST /quota_request/decline", auth.Write, d.decline, route.Spec{
			Tag: tag, Closed: true, Summary: "Decline a request.", Errors: route.Codes(api.NotFound, api.Conflict),
		}),
		route.New("POST /quota_request/cancel", auth.TeamWrite, d.cancel, route.Spec{
			Tag: tag, Closed: true, Summary: "Take a request back.", Scope: d.teamOfRequest, Errors: route.Codes(api.NotFound, api.Conflict),
		}),
	}
}

// teamOfRequest is the team whose request the body names.
func (d *Desk) teamOfRequest(c *route.Call) ([]route.Target, error) {
	id, err := c.In.Peek("quota_request_id")
	if err != nil || id == "" {
		return []route.Target{{}}, err
	}
	request, err := d.Record.QuotaRequest(c.Context(), id)
	if api.CodeOf(err) == api.NotFound {
		return []route.Target{{}}, nil // refused like another team's
	}
	return []route.Target{{Team: request.TeamID}}, err
}
