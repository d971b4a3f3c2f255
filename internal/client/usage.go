package client

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// usagePageSize is how many sums are read at once.
const usagePageSize = 1000

// ListUsage returns all sums that the query asks for, over as many pages as it takes; After and Limit of the
// query are not used. A query that makes no sense is refused with [api.Invalid].
func (c *Client) ListUsage(ctx context.Context, query api.UsageQuery) ([]api.UsageSum, error) {
	parameters := usageParameters(query)
	sums := []api.UsageSum{}
	for {
		var page api.UsagePage
		if err := c.get(ctx, "/usage", parameters, &page); err != nil {
			return nil, wrap(err, "read usage")
		}
		sums = append(sums, page.Usage...)
		if page.NextCursor == "" {
			return sums, nil
		}
		parameters["cursor"] = page.NextCursor
	}
}

func usageParameters(query api.UsageQuery) map[string]string {
	parameters := map[string]string{"limit": strconv.Itoa(usagePageSize)}
	for name, value := range map[string]string{
		"group_by": strings.Join(query.GroupBy, ","), "period": query.Period, "team_id": strings.Join(query.TeamIDs, ","),
		"key_id": query.KeyID, "user_id": query.UserID, "model": query.Model, "tag": query.Tag, "end_user": query.EndUser,
		"start_date": usageDay(query.From), "end_date": usageDay(query.To.Add(-time.Nanosecond)),
	} {
		if value != "" {
			parameters[name] = value
		}
	}
	if query.To.IsZero() {
		delete(parameters, "end_date")
	}
	return parameters
}

// usageDay is the UTC day of a moment, "" for the zero time.
func usageDay(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.DateOnly)
}
