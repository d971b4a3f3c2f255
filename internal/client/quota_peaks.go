package client

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// QuotaPeaks returns what was used of each limit at most, from a moment on, as far back as the gateway keeps minutes.
func (c *Client) QuotaPeaks(ctx context.Context, from time.Time) ([]api.LimitPeak, error) {
	var answer struct {
		Peaks []api.LimitPeak `json:"peaks"`
	}
	err := c.get(ctx, "/quota/peaks", map[string]string{"start_date": from.UTC().Format(time.RFC3339)}, &answer)
	err = whole(err, answer.Peaks != nil, "GET /quota/peaks")
	return answer.Peaks, wrap(err, "read what was used of limits")
}
