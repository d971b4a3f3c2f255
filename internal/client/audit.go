package client

import (
	"context"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// LastChange returns the newest change of an object, by its id; false when none is known.
func (c *Client) LastChange(ctx context.Context, objectID string) (api.Audit, bool, error) {
	var page api.AuditPage
	err := c.get(ctx, "/audit", map[string]string{"object_id": objectID, "page_size": "1"}, &page)
	if err != nil || len(page.Audits) == 0 {
		return api.Audit{}, false, wrap(err, "read who changed "+objectID)
	}
	return page.Audits[0], true, nil
}

// Changes calls each with every change of one action, such as "team.opening_balance", the newest first.
func (c *Client) Changes(ctx context.Context, action string, each func(api.Audit)) error {
	query := map[string]string{"action": action, "page_size": strconv.Itoa(pageSize)}
	for {
		var page api.AuditPage
		err := c.get(ctx, "/audit", query, &page)
		if err = whole(err, page.Audits != nil, "GET /audit"); err != nil {
			return wrap(err, "read the changes %s", action)
		}
		for _, audit := range page.Audits {
			each(audit)
		}
		if page.NextCursor == "" {
			return nil
		}
		query["cursor"] = page.NextCursor
	}
}
