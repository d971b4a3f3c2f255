package console

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// RefusalCount is how many calls were refused for a reason.
type RefusalCount struct {
	Reason string
	Calls  int64
}

// mostReasons is how many reasons a page shows.
const mostReasons = 20

// refused is what was refused in the time before now, the most frequent reason first; team "" is all teams.
func (s *Server) refused(ctx context.Context, ago time.Duration, team string) ([]RefusalCount, error) {
	query := api.RefusalQuery{GroupBy: []string{api.GroupLimit}, From: s.Now().Add(-ago), Most: mostReasons}
	if team != "" {
		query.TeamIDs = []string{team}
	}
	sums, err := s.Record.Refusals(ctx, query)
	list := make([]RefusalCount, len(sums))
	for i, sum := range sums {
		list[i] = RefusalCount{*sum.Limit, sum.Refused}
	}
	return list, err
}

// watched is how the limits of a team are watched before they refuse.
type watched struct {
	// From is when the first of them begins to refuse, the zero time for never.
	From time.Time
	// Calls is how many calls of the last day would have been refused.
	Calls int64
}

// watchedTeam says how a team's limits are watched; nil where they refuse.
func (s *Server) watchedTeam(ctx context.Context, team string, limits []limitRow) (*watched, error) {
	var found *watched
	for _, limit := range limits {
		switch from := limit.EnforcedFrom; {
		case from.IsZero():
		case found == nil:
			found = &watched{From: from}
		case from.Before(found.From):
			found.From = from
		}
	}
	if found == nil {
		return nil, nil //nolint:nilnil // limits that refuse are not watched
	}
	if found.From.Equal(quota.Never) {
		found.From = time.Time{}
	}
	sums, err := s.Record.Refusals(ctx, api.RefusalQuery{Watched: true, TeamIDs: []string{team}, From: s.Now().Add(-24 * time.Hour)})
	for _, sum := range sums { // one, or none
		found.Calls += sum.Refused
	}
	return found, err
}

// refusedTeams says how many calls of each team were refused in the last day.
func (s *Server) refusedTeams(ctx context.Context) (map[string]int64, error) {
	sums, err := s.Record.Refusals(ctx, api.RefusalQuery{GroupBy: []string{api.GroupTeam}, From: s.Now().Add(-24 * time.Hour)})
	counts := make(map[string]int64, len(sums))
	for _, sum := range sums {
		counts[*sum.TeamID] = sum.Refused
	}
	return counts, err
}
