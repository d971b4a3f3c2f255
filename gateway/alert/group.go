package alert

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// maxGroup bounds how many deliveries to people are claimed at a time.
	maxGroup = 12
	// groupLease is for how long they are ours: in the worst case each is a message of its own, and Slack takes them one by one.
	groupLease = 4 * lease
	// slackPause is how long Slack asks to wait between two messages into a channel.
	slackPause = time.Second
)

// lanes are the groups that are sent one after the other. Slack takes one message at a time.
func lanes(route *api.AlertRoute, groups [][]api.AlertDelivery) [][][]api.AlertDelivery {
	width := perRoute
	if route != nil && route.Slack != nil {
		width = 1
	}
	lanes := make([][][]api.AlertDelivery, min(width, len(groups)))
	for i, group := range groups {
		lanes[i%width] = append(lanes[i%width], group)
	}
	return lanes
}

// pause keeps to the pace of a receiver.
func pause(ctx context.Context, route *api.AlertRoute) {
	if route == nil || route.Slack == nil {
		return
	}
	timer := time.NewTimer(slackPause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// readByPeople says whether several events may go to a route in one message. Machines get each event by itself.
func readByPeople(route api.AlertRoute) bool {
	return route.Slack != nil || route.Email != nil || route.MicrosoftTeams != nil
}

// grouped puts deliveries to people that are about one team into one message. The order is kept.
func grouped(route *api.AlertRoute, claimed []api.AlertDelivery) [][]api.AlertDelivery {
	var groups [][]api.AlertDelivery
	at := map[string]int{}
	for _, delivery := range claimed {
		subject := cmp.Or(delivery.Event.TeamID, delivery.Event.Scope, delivery.Event.ID)
		i, known := at[subject]
		if !known || route == nil || !readByPeople(*route) {
			at[subject] = len(groups)
			groups = append(groups, []api.AlertDelivery{delivery})
			continue
		}
		groups[i] = append(groups[i], delivery)
	}
	return groups
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
