package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// AskQuota asks for more of a limit; a rule of the gateway may approve it at once.
func (c *Client) AskQuota(ctx context.Context, fields api.QuotaRequestFields) (api.QuotaRequest, error) {
	var made api.QuotaRequest
	err := c.create(ctx, "/quota_request/new", fields, &made)
	err = whole(err, made.QuotaRequestID != "", "POST /quota_request/new")
	return made, wrap(err, "ask for more of %s", fields.Limit)
}

// QuotaRequests returns the newest requests: of one team, or of all that the key may see; in one state, or in any.
func (c *Client) QuotaRequests(ctx context.Context, teamID, state string) ([]api.QuotaRequest, error) {
	query := map[string]string{}
	if teamID != "" {
		query["team_id"] = teamID
	}
	if state != "" {
		query["state"] = state
	}
	var list struct {
		QuotaRequests []api.QuotaRequest `json:"quota_requests"`
	}
	err := c.get(ctx, "/quota_request/list", query, &list)
	return list.QuotaRequests, wrap(err, "list quota requests")
}

// AnswerQuota approves, declines or cancels a request, as verb says. atOnce raises a managed object without its
// configuration.
func (c *Client) AnswerQuota(ctx context.Context, verb, id, answer string, atOnce bool) (api.QuotaRequest, error) {
	body := struct {
		QuotaRequestID string `json:"quota_request_id"`
		Answer         string `json:"answer,omitempty"`
		AtOnce         bool   `json:"at_once,omitempty"`
	}{id, answer, atOnce}
	var request api.QuotaRequest
	err := c.post(ctx, "/quota_request/"+verb, body, &request)
	err = whole(err, request.QuotaRequestID != "", "POST /quota_request/"+verb)
	return request, wrap(err, "%s quota request %q", verb, id)
}
