package client

import (
	"context"

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
