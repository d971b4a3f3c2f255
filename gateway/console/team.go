package console

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// daysShown is how many days of spending a team's page shows, today included.
const daysShown = 30

// teamBody is the page of a team, for admins and for the team itself.
type teamBody struct {
	Team   api.Team
	Budget capped
	// Forecast is of the team's own budget.
	Forecast foreseen
	Limits   []limitRow
	Pace     []chart
	Refused  []RefusalCount
	Watched  *watched
	Spend    spendBody
	Members  []memberRow
	Keys     []keyRow
	// KeyCount is how many keys there are, more than are shown maybe.
	KeyCount int
	Changes  []api.Audit
	// Own says that it is the caller's team; Everywhere that the caller is over all teams.
	Own, Everywhere bool
	// Change and NewKey say that the caller may change the team, and make keys in it.
	Change, NewKey, Done bool
	// NewMember says that the caller may change who is a member.
	NewMember bool
}

// limitRow is one limit that binds.
type limitRow struct {
	policy.Binding
	// Name is what it limits, Of whose limit it is, From where the number was written down.
	Name, Of, From string
	Money          bool
}

// Share is how much of the limit is used.
func (l limitRow) Share() float64 {
	switch {
	case l.Limit == quota.Unlimited:
		return 0
	case l.Limit == 0:
		return 1
	default:
		return float64(l.Used+l.Reserved) / float64(l.Limit)
	}
}

type memberRow struct {
	api.Membership
	Budget capped
}

// Link is the membership's id in forms.
func (m memberRow) Link() string { return form.MemberID(m.TeamID, m.UserID) }

type keyRow struct {
	api.Key
	Budget capped
	// LastDay is the UTC day of its last call, "" for none.
	LastDay string
	Own     bool
}

// Name is what people call the key.
func (k keyRow) Name() string { return cmp.Or(valueOr(k.KeyAlias, ""), k.KeyID) }

// Expired says that its time is over.
func (k keyRow) Expired(now time.Time) bool { return k.Expires != nil && !now.Before(*k.Expires) }

// team is the page of one team. A stranger's team is as little there as one that does not exist.
func (s *Server) team(w http.ResponseWriter, r *http.Request, in *session) error {
	id := r.URL.Query().Get("id")
	everywhere := in.caller.Role.Everywhere()
	if !everywhere && !slices.Contains(in.caller.Teams, id) {
		return errNoPage()
	}
	team, err := s.Record.Team(r.Context(), id)
	if api.CodeOf(err) == api.NotFound {
		return errNoPage()
	}
	if err != nil {
		return err
	}
	body := teamBody{Team: team, Own: !everywhere, Everywhere: everywhere, Done: r.URL.Query().Has("done")}
	body.Change, body.NewKey = mayChange(in.caller, "team") && team.DeclaredIn == "", mayChange(in.caller, "key")
	body.NewMember = mayChange(in.caller, form.Member.Name) && team.DeclaredIn == ""
	for _, fill := range []func(context.Context, *session, *teamBody) error{
		s.fillBudget, s.fillLimits, s.fillSpend, s.fillMembers, s.fillKeys, s.fillChanges,
	} {
		if err := fill(r.Context(), in, &body); err != nil {
			return err
		}
	}
	if body.Refused, err = s.refused(r.Context(), 24*time.Hour, id); err != nil {
		return err
	}
	if body.Watched, err = s.watchedTeam(r.Context(), id, body.Limits); err != nil {
		return err
	}
	return s.show(w, r, in, "team", body.Budget.Name(), true, body)
}

func (s *Server) fillBudget(ctx context.Context, _ *session, body *teamBody) error {
	states, err := s.Spending.Teams(ctx, []api.Team{body.Team})
	if err != nil {
		return err
	}
	body.Budget = cappedTeam(body.Team, states[0], nil)
	forecasts, err := s.foreseeAll(ctx, []capped{body.Budget})
	if err != nil {
		return err
	}
	body.Forecast = forecasts[0].Forecast
	return nil
}

func (s *Server) fillLimits(ctx context.Context, _ *session, body *teamBody) error {
	bindings, err := s.Spending.TeamBindings(ctx, body.Team.TeamID)
	if err != nil {
		return err
	}
	body.Limits = limitRows(bindings)
	for _, limit := range body.Limits {
		if limit.Kind == quota.KindBudget && strings.HasPrefix(string(limit.Scope), "team:") {
			body.Budget.Hard = limit.Hard && limit.EnforcedFrom.IsZero()
		}
	}
	body.Pace, err = s.pace(ctx, body.Team.TeamID, "", body.Limits)
	return err
}

// limitRows names limits for people; budgets without a cap do not bind.
func limitRows(bindings []policy.Binding) (rows []limitRow) {
	for _, binding := range bindings {
		if binding.Limit == quota.Unlimited {
			continue
		}
		row := limitRow{Binding: binding, Money: binding.Kind == quota.KindBudget, Name: kindNames[binding.Kind]}
		noun, id := binding.Of()
		row.Of = noun
		switch noun {
		case "budget":
			row.Name, row.Of = "Pot", id
		case "member":
			row.Of = "member"
		}
		if binding.Model != "" {
			row.Of += " · " + binding.Model
		}
		switch {
		case binding.Source == api.SourceBudget && noun != "budget":
			row.From = "budget " + binding.BudgetID
		case binding.Source == api.SourceDefault:
			row.From = "gateway default"
		case noun == "budget":
			row.From = "shared budget"
		default:
			row.From = "own"
		}
		rows = append(rows, row)
	}
	return rows
}

var kindNames = map[string]string{
	quota.KindRequests: "Requests a minute", quota.KindTokens: "Tokens a minute", quota.KindParallel: "Calls at once", quota.KindBudget: "Budget",
}

func (s *Server) fillSpend(ctx context.Context, _ *session, body *teamBody) (err error) {
	body.Spend, err = s.spend(ctx, api.UsageQuery{TeamIDs: []string{body.Team.TeamID}}, api.GroupModel, api.GroupKey, api.GroupUser)
	return err
}

func (s *Server) fillMembers(ctx context.Context, _ *session, body *teamBody) error {
	members, err := s.Record.MembersOfTeams(ctx, []string{body.Team.TeamID})
	if err != nil {
		return err
	}
	shown := members[body.Team.TeamID]
	shown = shown[:min(perPage, len(shown))]
	states, err := s.Spending.Members(ctx, body.Team, shown)
	if err != nil {
		return err
	}
	for i, member := range shown {
		body.Members = append(body.Members, memberRow{member, cappedBy("member", member.UserID, "", true, states[i])})
	}
	return nil
}

// fillKeys shows the team's keys; who comes with a key sees their own.
func (s *Server) fillKeys(ctx context.Context, in *session, body *teamBody) error {
	filter := api.KeyFilter{TeamID: body.Team.TeamID, Page: api.Page{Limit: perPage}}
	onlyOwn := in.caller.KeyID != "" && in.caller.Role != auth.RoleTeamAdmin
	if onlyOwn {
		filter.Limit = 1
		filter.IDs, filter.TeamID = []string{in.caller.KeyID}, ""
		if in.caller.UserID != "" {
			filter = api.KeyFilter{TeamID: body.Team.TeamID, UserID: in.caller.UserID, Page: api.Page{Limit: perPage}}
		}
	}
	keys, total, err := s.Record.Keys(ctx, filter)
	if err != nil {
		return err
	}
	body.KeyCount = total
	body.Keys, err = s.keyRows(ctx, in, keys)
	return err
}

func (s *Server) keyRows(ctx context.Context, in *session, keys []api.Key) ([]keyRow, error) {
	states, err := s.Spending.Keys(ctx, keys)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(keys))
	for i, key := range keys {
		ids[i] = key.KeyID
	}
	days, err := s.Record.LastDays(ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]keyRow, len(keys))
	for i, key := range keys {
		rows[i] = keyRow{
			Key: key, Budget: cappedBy("key", key.KeyID, valueOr(key.KeyAlias, ""), key.HardCap, states[i]),
			LastDay: days[key.KeyID], Own: key.KeyID == in.caller.KeyID,
		}
	}
	return rows, nil
}

// changesShown is how many changes a team's page shows.
const changesShown = 20

// fillChanges is for who may read the audit log.
func (s *Server) fillChanges(ctx context.Context, in *session, body *teamBody) (err error) {
	if in.caller.Role.May(auth.Read) {
		body.Changes, err = s.Record.AuditPage(ctx, api.AuditFilter{TeamID: body.Team.TeamID, Limit: changesShown})
	}
	return err
}

// spendBody is what was spent in the last days.
type spendBody struct {
	Days   chart
	Total  money.Nano
	Splits []split
}

// split is the spending by one thing, the dearest first.
type split struct {
	Label string
	Rows  []splitRow
	// More is how many are not shown, Rest what they cost.
	More int
	Rest money.Nano
}

type splitRow struct {
	Name             string
	Cost             money.Nano
	Requests, Tokens int64
	Share            float64
	Link             string
}

// mostSplit is how many rows a split shows.
const mostSplit = 10

// spend sums up the last days, by day and by each of the groups.
func (s *Server) spend(ctx context.Context, query api.UsageQuery, groups ...string) (spendBody, error) {
	today := s.Now().UTC().Truncate(24 * time.Hour)
	query.From, query.Period = today.AddDate(0, 0, 1-daysShown), api.PeriodDay
	var body spendBody
	byDay := map[string]money.Nano{}
	err := s.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		byDay[sum.PeriodStart] = sum.TotalCost
		body.Total += sum.TotalCost
		return nil
	})
	if err != nil {
		return body, err
	}
	body.Days = dayChart(today, byDay)
	query.Period = api.PeriodTotal
	for _, group := range groups {
		query.GroupBy = []string{group}
		one := split{Label: group}
		err := s.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
			if name := groupName(sum, group); name != "" {
				one.Rows = append(one.Rows, splitRow{Name: name, Cost: sum.TotalCost, Requests: sum.TotalRequests, Tokens: sum.TotalTokens})
			}
			return nil
		})
		if err != nil {
			return body, err
		}
		body.Splits = append(body.Splits, one.cut(body.Total))
	}
	return body, nil
}

func groupName(sum api.UsageSum, group string) string {
	switch group {
	case api.GroupModel:
		return valueOr(sum.Model, "")
	case api.GroupKey:
		return valueOr(sum.KeyID, "")
	case api.GroupUser:
		return valueOr(sum.UserID, "")
	case api.GroupTeam:
		return valueOr(sum.TeamID, "")
	default:
		return ""
	}
}

// cut sorts by cost and keeps the dearest.
func (s split) cut(total money.Nano) split {
	slices.SortStableFunc(s.Rows, func(a, b splitRow) int { return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(a.Name, b.Name)) })
	for i := range s.Rows {
		if total > 0 {
			s.Rows[i].Share = float64(s.Rows[i].Cost) / float64(total)
		}
		if s.Label == api.GroupTeam {
			s.Rows[i].Link = Root + "team?id=" + url.QueryEscape(s.Rows[i].Name)
		}
	}
	if len(s.Rows) > mostSplit {
		for _, row := range s.Rows[mostSplit:] {
			s.More++
			s.Rest += row.Cost
		}
		s.Rows = s.Rows[:mostSplit]
	}
	return s
}
