package alert

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

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

// message is what a group tells: the gravest first. A lower threshold of a budget is left out beside a higher one that holds, and
// so is what the group itself says is over.
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
	for _, delivery := range group {
		if !inhibited(delivery.Event, group) {
			continue
		}
		told := toldBy(delivery.Event, group)
		i := slices.IndexFunc(each, func(message []api.AlertDelivery) bool { return message[0].Event.ID == told.ID })
		each[i] = append(each[i], delivery)
	}
	return each
}

func inhibited(event api.AlertEvent, group []api.AlertDelivery) bool {
	return toldBy(event, group).ID != event.ID
}

// toldBy is the event of a group that tells what another one would: itself, or what that was left out for in the end. It is found,
// because each step goes to the end of what is left out or to a higher threshold, and an end is never left out.
func toldBy(event api.AlertEvent, group []api.AlertDelivery) api.AlertEvent {
	for {
		i := slices.IndexFunc(group, func(other api.AlertDelivery) bool { return leavesOut(other.Event, event, group) })
		if i < 0 {
			return event
		}
		event = group[i].Event
	}
}

// leavesOut says whether one event of a group says all that another one does: that it is over, or a higher threshold of the same
// budget. One that was over before the lower threshold came, as when the cap was raised, says nothing of it.
func leavesOut(o, event api.AlertEvent, group []api.AlertDelivery) bool {
	if !opensBudget(event) || o.Scope != event.Scope || o.ID == event.ID || !samePeriod(o, event) {
		return false
	}
	if o.Was != nil {
		return ends(o, event)
	}
	return opensBudget(o) && o.Threshold > event.Threshold && !overBefore(o, event.CreatedAt, group)
}

func overBefore(event api.AlertEvent, at time.Time, group []api.AlertDelivery) bool {
	return slices.ContainsFunc(group, func(other api.AlertDelivery) bool {
		o := other.Event
		return o.Was != nil && o.Scope == event.Scope && ends(o, event) && !o.CreatedAt.After(at)
	})
}

// ends says whether what says that a budget holds again says so of an event of that budget.
func ends(resolved, event api.AlertEvent) bool {
	return resolved.Was.ID == event.ID || event.CreatedAt.Before(resolved.CreatedAt)
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
