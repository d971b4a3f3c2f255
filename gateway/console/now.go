package console

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// mostFalling is how many budgets the first page shows.
	mostFalling = 25
	// mostForeseen is how many are foretold to find them: those that fall first at the pace of the running period.
	mostForeseen = 2 * mostFalling
)

// nowBody is the first page.
type nowBody struct {
	// Counted is when the budgets were counted; nil while the first count is under way.
	Counted *time.Time
	Falling []fallingRow
	// Capped and Uncapped count budgets, Over, Near and Blocked teams and pots among them.
	Capped, Uncapped, Over, Near, Blocked int
	Today                                 money.Nano
	Month                                 money.Nano
	Refused                               []RefusalCount
	RefusedCalls                          int64
	Health                                Health
}

// fallingRow is a budget with the days on which its cap may be reached.
type fallingRow struct {
	capped
	Forecast foreseen
}

// now is the page of all budgets, sorted by which cap falls first. Who is not over all teams gets their own page.
func (s *Server) now(w http.ResponseWriter, r *http.Request, in *session) error {
	if !in.caller.Role.Everywhere() {
		http.Redirect(w, r, home(in), http.StatusSeeOther)
		return nil
	}
	refusals, err := s.refused(r.Context(), time.Hour, "")
	if err != nil {
		return err
	}
	body := nowBody{Refused: refusals, Health: s.Health(r.Context())}
	for _, refused := range body.Refused {
		body.RefusedCalls += refused.Calls
	}
	counted, err := s.overview.get(r.Context())
	if err != nil {
		return err
	}
	if counted.There {
		all := counted.Value
		body.Counted, body.Today, body.Month = &counted.At, all.today, all.month
		body.tally(all)
		rows, err := s.foreseeAll(r.Context(), all.falling[:min(mostForeseen, len(all.falling))])
		if err != nil {
			return err
		}
		sortByForecast(rows)
		body.Falling = rows[:min(mostFalling, len(rows))]
	}
	return s.show(w, r, in, "now", "Now", true, body)
}

// sortByForecast puts what is over first, then by the day on which the forecast sees the cap reached. What is not seen to
// reach it keeps its order.
func sortByForecast(rows []fallingRow) {
	slices.SortStableFunc(rows, func(a, b fallingRow) int {
		if a.Forecast.Over != b.Forecast.Over {
			return cmp.Compare(rank(b.Forecast.Over), rank(a.Forecast.Over))
		}
		if a.Forecast.Falls.IsZero() || b.Forecast.Falls.IsZero() {
			return cmp.Compare(rank(a.Forecast.Falls.IsZero()), rank(b.Forecast.Falls.IsZero()))
		}
		return a.Forecast.Falls.Compare(b.Forecast.Falls)
	})
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// home is the page of who is not over all teams.
func home(in *session) string {
	if len(in.caller.Teams) > 0 {
		return Root + "team?id=" + url.QueryEscape(in.caller.Teams[0])
	}
	return Root + "key"
}

func (b *nowBody) tally(counted *count) {
	for i := range counted.all {
		one := &counted.all[i]
		switch {
		case one.Cap == nil:
			b.Uncapped++
		default:
			b.Capped++
		}
		switch {
		case one.Over():
			b.Over++
		case one.Share() >= nearShare:
			b.Near++
		}
		if one.Blocked {
			b.Blocked++
		}
	}
}

// nearShare is from which share of its cap on a budget is called near it.
const nearShare = 0.8

// soon says that the first count is still under way.
func (b nowBody) soon() bool { return b.Counted == nil }
