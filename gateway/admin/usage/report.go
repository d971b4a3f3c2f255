package usage

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// reportDay is an entry of GET /global/spend/report by team or by customer.
type reportDay struct {
	GroupByDay string           `json:"group_by_day"`
	Teams      []reportTeam     `json:"teams,omitempty"`
	Customers  []reportCustomer `json:"customers,omitempty"`
}

// reportTeam is what a team spent on a day.
type reportTeam struct {
	// TeamName is the alias, or the id of a team without one.
	TeamName   string       `json:"team_name"`
	TeamID     string       `json:"team_id"`
	TotalSpend money.Nano   `json:"total_spend"`
	Metadata   []reportPart `json:"metadata"`
}

// reportCustomer is what was spent for an end user on a day.
type reportCustomer struct {
	Customer   string       `json:"customer"`
	TotalSpend money.Nano   `json:"total_spend"`
	Metadata   []reportPart `json:"metadata"`
}

// reportPart is one model and key of it.
type reportPart struct {
	Model       string     `json:"model"`
	APIKey      string     `json:"api_key"`
	Spend       money.Nano `json:"spend"`
	TotalTokens int64      `json:"total_tokens"`
}

// reportOwner is an entry of GET /global/spend/report by api_key or by internal_user.
type reportOwner struct {
	APIKey            string        `json:"api_key,omitempty"`
	UserID            string        `json:"user_id,omitempty"`
	TotalCost         money.Nano    `json:"total_cost"`
	TotalInputTokens  int64         `json:"total_input_tokens"`
	TotalOutputTokens int64         `json:"total_output_tokens"`
	ModelDetails      []reportModel `json:"model_details"`
}

// reportModel is what one model cost its owner.
type reportModel struct {
	Model             string     `json:"model"`
	TotalCost         money.Nano `json:"total_cost"`
	TotalInputTokens  int64      `json:"total_input_tokens"`
	TotalOutputTokens int64      `json:"total_output_tokens"`
}

// Ways to group LiteLLM's report.
const (
	reportByTeam     = "team"
	reportByCustomer = "customer"
	reportByKey      = "api_key"
	reportByUser     = "internal_user_id"
)

// reportWanted selects and groups what a report is of.
type reportWanted struct {
	Days    route.BothDays
	GroupBy string `query:"group_by" enum:"team,customer,api_key,internal_user_id"`
	// Of this team only.
	TeamID []string `query:"team_id"`
	ofKey
	InternalUserID string `query:"internal_user_id"`
	CustomerID     string `query:"customer_id"`
}

// spendReport is GET /global/spend/report?start_date&end_date&group_by=: by day and team or customer, or by
// key or user over all days. api_key, internal_user_id, team_id and customer_id select one.
func (s *Books) spendReport(c *route.Call, in reportWanted) (any, error) {
	by := in.GroupBy
	query := api.UsageQuery{TeamIDs: in.TeamID, EndUser: in.CustomerID, UserID: in.InternalUserID, From: in.Days.From, To: in.Days.To}
	var err error
	if query.KeyID, err = s.keyID(c, in.ofKey); err != nil {
		return nil, err
	}
	switch {
	case by == reportByKey || by == "" && query.KeyID != "":
		return s.reportOwners(c, query, api.GroupKey)
	case by == reportByUser || by == "" && query.UserID != "":
		return s.reportOwners(c, query, api.GroupUser)
	case by == reportByCustomer || by == "" && query.EndUser != "":
		return s.reportCustomers(c, query)
	default:
		return s.reportTeams(c, query)
	}
}

func (s *Books) reportTeams(c *route.Call, query api.UsageQuery) ([]reportDay, error) {
	query.GroupBy = []string{api.GroupDay, api.GroupTeam, api.GroupKey, api.GroupModel}
	sums, err := s.usageSums(c.Context(), query)
	if err != nil {
		return nil, err
	}
	names, err := s.teamNames(c.Context(), sums)
	days := []reportDay{}
	for _, sum := range sums {
		day := reportDayOf(&days, sum)
		if len(day.Teams) == 0 || day.Teams[len(day.Teams)-1].TeamID != *sum.TeamID {
			day.Teams = append(day.Teams, reportTeam{TeamName: names[*sum.TeamID], TeamID: *sum.TeamID})
		}
		team := &day.Teams[len(day.Teams)-1]
		team.TotalSpend += sum.TotalCost
		team.Metadata = append(team.Metadata, reportPartOf(sum))
	}
	return days, err
}

func (s *Books) reportCustomers(c *route.Call, query api.UsageQuery) ([]reportDay, error) {
	query.GroupBy = []string{api.GroupDay, api.GroupEndUser, api.GroupKey, api.GroupModel}
	sums, err := s.usageSums(c.Context(), query)
	days, places := []reportDay{}, map[string]int{}
	for _, sum := range sums {
		before := len(days)
		day := reportDayOf(&days, sum)
		if len(days) > before {
			clear(places)
		}
		at, known := places[*sum.EndUser]
		if !known {
			at = len(day.Customers)
			places[*sum.EndUser] = at
			day.Customers = append(day.Customers, reportCustomer{Customer: *sum.EndUser})
		}
		customer := &day.Customers[at]
		customer.TotalSpend += sum.TotalCost
		customer.Metadata = append(customer.Metadata, reportPartOf(sum))
	}
	return days, err
}

// reportDayOf returns the day of a sum; sums come in the order of days.
func reportDayOf(days *[]reportDay, sum api.UsageSum) *reportDay {
	stamp := dayStamp(sum.PeriodStart)
	if len(*days) == 0 || (*days)[len(*days)-1].GroupByDay != stamp {
		*days = append(*days, reportDay{GroupByDay: stamp})
	}
	return &(*days)[len(*days)-1]
}

func reportPartOf(sum api.UsageSum) reportPart {
	return reportPart{Model: *sum.Model, APIKey: *sum.KeyID, Spend: sum.TotalCost, TotalTokens: sum.TotalTokens}
}

func (s *Books) reportOwners(c *route.Call, query api.UsageQuery, group string) ([]reportOwner, error) {
	query.GroupBy, query.Period = []string{group, api.GroupModel}, api.PeriodTotal
	sums, err := s.usageSums(c.Context(), query)
	owners := []reportOwner{}
	for _, sum := range sums {
		id := *groupOf(sum, group)
		if last := len(owners) - 1; last < 0 || owners[last].APIKey+owners[last].UserID != id {
			owner := reportOwner{APIKey: id}
			if group == api.GroupUser {
				owner = reportOwner{UserID: id}
			}
			owners = append(owners, owner)
		}
		owner := &owners[len(owners)-1]
		owner.TotalCost += sum.TotalCost
		owner.TotalInputTokens += sum.PromptTokens
		owner.TotalOutputTokens += sum.CompletionTokens
		owner.ModelDetails = append(owner.ModelDetails, reportModel{
			Model: *sum.Model, TotalCost: sum.TotalCost,
			TotalInputTokens: sum.PromptTokens, TotalOutputTokens: sum.CompletionTokens,
		})
	}
	return owners, err
}
