package client

import (
	"context"
	"slices"

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

// keysAtOnce is how many keys one request may ask for.
const keysAtOnce = 1000

// KeysByDigest returns the keys that are opened by secrets with these SHA-256, in hexadecimal; those that are not there are left out.
func (c *Client) KeysByDigest(ctx context.Context, digests []string) (map[string]api.Key, error) {
	keys := make(map[string]api.Key, len(digests))
	for some := range slices.Chunk(digests, keysAtOnce) {
		var answer struct {
			Asked []string  `json:"key"`
			Info  []api.Key `json:"info"`
		}
		err := c.ask(ctx, "/v2/key/info", map[string][]string{"keys": some}, &answer)
		if err = whole(err, answer.Info != nil && len(answer.Asked) == len(answer.Info), "POST /v2/key/info"); err != nil {
			return nil, wrap(err, "find keys")
		}
		for i, key := range answer.Info {
			keys[answer.Asked[i]] = key
		}
	}
	return keys, nil
}
