package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ReplayQuota asks which calls of the last days, such as "14d", changes that follow each other would have refused.
func (c *Client) ReplayQuota(ctx context.Context, over string, changes []api.QuotaChange) (api.QuotaReplay, error) {
	var told api.QuotaReplay
	err := c.ask(ctx, "/quota/replay", map[string]any{"over": over, "changes": changes}, &told)
	return told, wrap(err, "replay quotas")
}
