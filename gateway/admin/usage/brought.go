package usage

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// BringPath is where a day is brought.
	BringPath = "/usage/bring"
	// MaxBringBody is the largest day in bytes: as many sums as there may be, each of the longest ids.
	MaxBringBody = 64 << 20
	// mostBringNames has room for every field of as many sums.
	mostBringNames = 10 * api.MaxBroughtSums
)

// broughtDay is the body of POST /usage/bring.
type broughtDay struct {
	// Origin names the other gateway, such as "litellm".
	Origin string `json:"origin" required:"true"`
	// Day is a UTC day, such as 2026-11-30.
	Day string `json:"day" required:"true"`
	// Sums is what the day cost there, once for each team, key, user and model; what is not known of these is "". An empty list takes back what the day has brought.
	Sums []api.BroughtSum `json:"sums"`
}

// dayWasBrought is the answer of POST /usage/bring.
type dayWasBrought struct {
	api.BroughtTotal
	Origin string `json:"origin"`
	// PreviousSpend is what the day had brought before.
	PreviousSpend money.Nano `json:"previous_spend"`
}

// broughtWanted selects what was brought.
type broughtWanted struct {
	// Origin names the other gateway, such as "litellm".
	Origin string `query:"origin" required:"true"`
}

// broughtDays is the answer of GET /usage/brought.
type broughtDays struct {
	Origin string `json:"origin"`
	// Days are those that have brought something, the oldest first.
	Days []api.BroughtTotal `json:"days"`
}

func broughtRoutes(s *Books) []route.Route {
	return []route.Route{
		route.New("POST "+BringPath, auth.Write, s.bring, route.Spec{
			Tag: "usage", Closed: true, MostNames: mostBringNames, Summary: "Bring what a day has cost at another gateway.",
			Description: "It stands in place of what the same day of the same origin has brought before, so that bringing it again changes nothing. " +
				"Usage, forecasts and advice see it beside what the day cost here. Budgets do not: what counts as spent is brought with POST /budget/opening.",
		}),
		route.New("GET /usage/brought", auth.Read, s.brought, route.Spec{
			Tag: "usage", Summary: "Say how much each day has brought from another gateway.",
		}),
	}
}

// bring is POST /usage/bring.
func (s *Books) bring(c *route.Call, in broughtDay) (answer dayWasBrought, err error) {
	day := api.BroughtDay{Origin: in.Origin, Day: in.Day, Sums: in.Sums}
	if err := day.Validate(s.Now()); err != nil {
		return answer, err
	}
	before, err := s.Record.BringUsage(c.Context(), c.Change, day)
	return dayWasBrought{BroughtTotal: day.Total(), Origin: day.Origin, PreviousSpend: before.Spend}, err
}

// brought is GET /usage/brought.
func (s *Books) brought(c *route.Call, in broughtWanted) (broughtDays, error) {
	days, err := s.Record.BroughtDays(c.Context(), in.Origin)
	return broughtDays{Origin: in.Origin, Days: days}, err
}
