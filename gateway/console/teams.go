package console

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// perPage is how many rows a list shows.
const perPage = 50

// teamsBody is the list of teams.
type teamsBody struct {
	Search, Filter string
	Filters        []filterEntry
	Counted        *time.Time
	Rows           []teamRow
	// Total is how many the search and the filter select, All how many teams there are.
	Total, All int
	// First is whether this is the first page; After begins the next one, "" on the last.
	First bool
	After string
	// Change says that the caller may make teams.
	Change, Done bool
}

type filterEntry struct{ Value, Label string }

type teamRow struct {
	capped
	// Refused are the calls of the last day that this gateway refused.
	Refused int64
}

// teamFilters are what the list can be narrowed to.
var teamFilters = []filterEntry{
	{"", "All"}, {"near", "Over 80 %"}, {"over", "Over budget"}, {"blocked", "Blocked"}, {"uncapped", "Without budget"}, {"refused", "Refused in 24 h"},
}

// teams is the list of all teams, in the order of their ids.
func (s *Server) teams(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	body := teamsBody{Search: query.Get("q"), Filter: query.Get("filter"), Filters: teamFilters, First: query.Get("after") == ""}
	body.Change, body.Done = mayChange(in.caller, "team"), query.Has("done")
	counted, err := s.overview.get(r.Context())
	if err != nil {
		return err
	}
	if counted.There {
		refused, err := s.refusedTeams(r.Context())
		if err != nil {
			return err
		}
		body.Counted, body.All = &counted.At, counted.Value.teamCount
		found := counted.Value.teams(body.Search, func(c *capped) bool { return inFilter(c, body.Filter, refused) })
		body.Total = len(found)
		body.page(counted.Value, found, query.Get("after"), refused)
	}
	return s.show(w, r, in, "teams", "Teams", false, body)
}

func inFilter(c *capped, filter string, refused map[string]int64) bool {
	switch filter {
	case "near":
		return c.Share() >= nearShare
	case "over":
		return c.Over()
	case "blocked":
		return c.Blocked
	case "uncapped":
		return c.Cap == nil
	case "refused":
		return refused[c.ID] > 0
	default:
		return true
	}
}

// page cuts out the rows behind the id that the page before ended with.
func (b *teamsBody) page(counted *count, found []int, after string, refused map[string]int64) {
	at, exact := slices.BinarySearchFunc(found, after, func(place int, id string) int { return cmp.Compare(counted.all[place].ID, id) })
	if exact {
		at++
	}
	for _, place := range found[at:min(at+perPage, len(found))] {
		one := counted.all[place]
		b.Rows = append(b.Rows, teamRow{one, refused[one.ID]})
	}
	if at+perPage < len(found) {
		b.After = counted.all[found[at+perPage-1]].ID
	}
}

// soon says that the first count is still under way.
func (b teamsBody) soon() bool { return b.Counted == nil }
