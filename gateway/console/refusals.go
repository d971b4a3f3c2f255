package console

import (
	"context"
	"time"

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

// refusedTeams says how many calls of each team were refused in the last day.
func (s *Server) refusedTeams(ctx context.Context) (map[string]int64, error) {
	sums, err := s.Record.Refusals(ctx, api.RefusalQuery{GroupBy: []string{api.GroupTeam}, From: s.Now().Add(-24 * time.Hour)})
	counts := make(map[string]int64, len(sums))
	for _, sum := range sums {
		counts[*sum.TeamID] = sum.Refused
	}
	return counts, err
}
