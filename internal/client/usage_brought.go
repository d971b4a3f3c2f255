package client

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// BringUsage puts what a day has cost at another gateway in place of what it has brought before.
func (c *Client) BringUsage(ctx context.Context, day api.BroughtDay) error {
	var answer struct {
		Day string `json:"day"`
	}
	err := c.post(ctx, "/usage/bring", day, &answer)
	err = whole(err, answer.Day != "", "POST /usage/bring")
	return wrap(err, "bring what %s has cost", day.Day)
}

// BroughtDays are how much days have brought from another gateway, the oldest first.
func (c *Client) BroughtDays(ctx context.Context, origin string) ([]api.BroughtTotal, error) {
	var answer struct {
		Origin string             `json:"origin"`
		Days   []api.BroughtTotal `json:"days"`
	}
	err := c.get(ctx, "/usage/brought", map[string]string{"origin": origin}, &answer)
	err = whole(err, answer.Origin != "", "GET /usage/brought")
	return answer.Days, wrap(err, "read what days have brought from %s", origin)
}
