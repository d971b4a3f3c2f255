package alert

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxGroup bounds how many deliveries to people go into one message.
const maxGroup = 12

// about is what an event is about: what has one subject goes to a route in order.
func about(event api.AlertEvent) string { return cmp.Or(event.TeamID, event.Scope, event.ID) }

// lanes are the messages of what was claimed: those about one subject one after the other, the others beside them. People get
// all about a subject in one message.
func lanes(route *api.AlertRoute, claimed []api.AlertDelivery) [][][]api.AlertDelivery {
	slices.SortStableFunc(claimed, func(a, b api.AlertDelivery) int { return inOrder(a.Event, b.Event) })
	var lanes [][][]api.AlertDelivery
	at := map[string]int{}
	for _, delivery := range claimed {
		subject := about(delivery.Event)
		i, known := at[subject]
		if !known {
			at[subject] = len(lanes)
			lanes = append(lanes, [][]api.AlertDelivery{{delivery}})
			continue
		}
		if route != nil && readByPeople(*route) {
			lanes[i][0] = append(lanes[i][0], delivery)
			continue
		}
		lanes[i] = append(lanes[i], []api.AlertDelivery{delivery})
	}
	return lanes
}

// inOrder puts what happened first before the rest, and of one moment the lower threshold.
func inOrder(a, b api.AlertEvent) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Threshold, b.Threshold), cmp.Compare(a.Type, b.Type))
}

// readByPeople says whether several events may go to a route in one message. Machines get each event by itself.
func readByPeople(route api.AlertRoute) bool {
	return route.Slack != nil || route.Email != nil || route.MicrosoftTeams != nil
}

// message is what a group tells: the gravest first. A lower threshold of a budget is left out beside a higher one, and so is
// what the group itself says is over.
func message(group []api.AlertDelivery) Message {
	var events []api.AlertEvent
	for _, delivery := range group {
		if !inhibited(delivery.Event, group) {
			events = append(events, delivery.Event)
		}
	}
	slices.SortStableFunc(events, func(a, b api.AlertEvent) int {
		return slices.Index(api.Severities, b.Severity) - slices.Index(api.Severities, a.Severity)
	})
	return Message{Events: events}
}

// alone is a group as one message for each event that it told. What was left out beside another goes with that.
func alone(group []api.AlertDelivery) [][]api.AlertDelivery {
	var each [][]api.AlertDelivery
	for _, delivery := range group {
		if !inhibited(delivery.Event, group) {
			each = append(each, []api.AlertDelivery{delivery})
		}
	}
	for _, delivery := range slices.Backward(group) { // the higher threshold has its place before the lower one
		if !inhibited(delivery.Event, group) {
			continue
		}
		for i := range each {
			if inhibited(delivery.Event, each[i]) {
				each[i] = append(each[i], delivery)
				break
			}
		}
	}
	return each
}

func inhibited(event api.AlertEvent, group []api.AlertDelivery) bool {
	if event.Type != api.EventBudgetSoftLimit && event.Type != api.EventBudgetHardLimit {
		return false
	}
	return slices.ContainsFunc(group, func(other api.AlertDelivery) bool {
		o := other.Event
		same := o.Scope == event.Scope && o.ID != event.ID && samePeriod(o, event)
		return same && (o.Was != nil && o.Was.ID == event.ID || o.Was == nil && o.Threshold > event.Threshold && opensBudget(o))
	})
}

func opensBudget(event api.AlertEvent) bool {
	return event.Type == api.EventBudgetSoftLimit || event.Type == api.EventBudgetHardLimit
}

func samePeriod(a, b api.AlertEvent) bool {
	if a.PeriodStart == nil || b.PeriodStart == nil {
		return a.PeriodStart == b.PeriodStart
	}
	return a.PeriodStart.Equal(*b.PeriodStart)
}

// routeOf is a route by the id of its deliveries: a stored one, or the one that stands for a team's owners. nil is none.
func (s *Sender) routeOf(ctx context.Context, routes map[string]*api.AlertRoute, id string) (*api.AlertRoute, error) {
	teamID, owners := strings.CutPrefix(id, ownersPrefix)
	if !owners {
		return routes[id], nil
	}
	team, err := s.outbox.AlertTeam(ctx, teamID)
	if err != nil || len(team.Owners) == 0 {
		return nil, err
	}
	route := api.NewAlertRoute(id)
	route.Name, route.Email = "owners of "+teamID, &api.EmailTarget{To: team.Owners}
	return &route, nil
}
