package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// FindKeys returns the keys that have the filter's TeamID, UserID and Alias, over as many pages as it takes. Nothing
// else of the filter is used.
func (c *Client) FindKeys(ctx context.Context, filter api.KeyFilter) ([]api.Key, error) {
	wanted := map[string]string{}
	for name, value := range map[string]string{"team_id": filter.TeamID, "user_id": filter.UserID, "key_alias": filter.Alias} {
		if value != "" {
			wanted[name] = value
		}
	}
	keys, err := everyPage(ctx, func(ctx context.Context, cursor string) (page[api.Key], error) {
		return c.keyPage(ctx, cursor, wanted)
	})
	return keys, wrap(err, "find keys")
}
