package review

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Rehearser tells what changes would do and does none of them, usually by asking a gateway.
type Rehearser interface {
	// Rehearse answers for changes that follow each other. What would be refused is answered with the reason.
	Rehearse(ctx context.Context, changes []api.QuotaChange) (api.QuotaCheck, error)
}

// rehearsedAtOnce is how many changes one question is about.
const rehearsedAtOnce = 50

// rehearsal is what a gateway said that the plan would do.
type rehearsal struct {
	teams []api.TeamEffect
	// refusals are sentences about changes that the gateway would not take.
	refusals []string
	unserved []string
	// failed is the first error; the rest is not asked for after it.
	failed error
}

// rehearse asks about the teams and budgets of a plan, in its order.
func rehearse(ctx context.Context, gateway Rehearser, objects []object) rehearsal {
	var told rehearsal
	if gateway == nil {
		return told
	}
	var changes []api.QuotaChange
	var addresses []string
	for _, o := range objects {
		if change, ok := o.rehearsed(); ok {
			changes, addresses = append(changes, change), append(addresses, o.address)
		}
	}
	for len(changes) > 0 {
		n := min(len(changes), rehearsedAtOnce)
		check, err := gateway.Rehearse(ctx, changes[:n])
		if err != nil {
			told.failed = err
			return told
		}
		told.take(check, addresses[:n])
		changes, addresses = changes[n:], addresses[n:]
	}
	return told
}

func (r *rehearsal) take(check api.QuotaCheck, addresses []string) {
	r.teams = append(r.teams, check.Teams...)
	for _, name := range check.UnservedModels {
		r.unserved = append(r.unserved, fmt.Sprintf("No model %s is served.", code(name)))
	}
	for i, verdict := range check.Changes {
		if !verdict.OK && verdict.Error != nil && i < len(addresses) {
			r.refusals = append(r.refusals, fmt.Sprintf("%s would be refused by the gateway: %s", code(addresses[i]), code(verdict.Error.Message)))
		}
	}
}

// rehearsed is the request that the apply would make. There is none for what the gateway need not be asked about.
func (o object) rehearsed() (api.QuotaChange, bool) {
	route, named := o.kind.route, o.kind.id
	if route == "" || o.action == replaced || o.action == forgotten {
		return api.QuotaChange{}, false
	}
	id := o.before.at(named).text()
	if o.action == created {
		id = o.after.at(named).text()
	}
	body := map[string]any{named: id}
	switch {
	case id == "" && o.action != created:
		return api.QuotaChange{}, false
	case o.action == deleted && o.kind == teamKind:
		return encoded(route+"delete", map[string]any{"team_ids": []string{id}})
	case o.action == deleted:
		return encoded(route+"delete", map[string]any{"id": id})
	case id == "":
		delete(body, named)
	}
	for _, name := range o.kind.rehearsed {
		if v := o.after.at(name); !v.unknown && (!v.empty() || o.action == updated) {
			body[name] = v.raw
		}
	}
	if o.action == created {
		return encoded(route+"new", body)
	}
	return encoded(route+"update", body)
}

func encoded(route string, body map[string]any) (api.QuotaChange, bool) {
	data, err := json.Marshal(body)
	return api.QuotaChange{Route: route, Body: data}, err == nil
}

// notes say what the gateway would not take or could not tell.
func (r rehearsal) notes() []string {
	notes := append(append([]string(nil), r.refusals...), r.unserved...)
	if r.failed != nil {
		notes = append(notes, "What this would do could not be asked of the gateway: "+code(r.failed.Error()))
	}
	return notes
}

// untold leaves out the teams that the table tells of.
func (r rehearsal) untold(objects []object) []object {
	return slices.DeleteFunc(slices.Clone(objects), func(o object) bool {
		return o.kind == teamKind && slices.ContainsFunc(r.teams, func(team api.TeamEffect) bool { return team.TeamID == o.before.at("team_id").text() })
	})
}

// urgency is higher for those who are hurt more.
func urgency(team api.TeamEffect) int {
	switch {
	case team.New != nil && team.Refused && !team.RefusedNow:
		return 4
	case team.New != nil && team.Refused:
		return 3
	case team.New != nil && team.Throttled:
		return 2
	case team.New == nil:
		return 1
	default:
		return 0
	}
}

// fates counts teams by how they fare.
func fates(teams []teamLine) string {
	counts := map[int]int{}
	for _, team := range teams {
		counts[team.urgency()]++
	}
	var parts []string
	for i, words := range []string{4: "refused from the apply on", 3: "refused as now", 2: "throttled", 1: "gone", 0: "fine"} {
		if n := counts[i]; n > 0 {
			parts = append([]string{thousands(fmt.Sprint(n)) + " " + words}, parts...)
		}
	}
	return counting(len(teams), "more team") + ": " + strings.Join(parts, ", ") + "."
}

func teamName(team api.TeamEffect, people people) string {
	who := people[team.TeamID]
	if team.TeamAlias != nil && *team.TeamAlias != "" {
		who.alias = code(*team.TeamAlias)
	}
	return who.whom(code(team.TeamID))
}

func spentOf(team api.TeamEffect) string {
	terms := team.New
	if terms == nil {
		terms = team.Old
	}
	if terms == nil || terms.MaxBudget == nil || *terms.MaxBudget <= 0 {
		return usd(team.Used.Spend)
	}
	return fmt.Sprintf("%s of %s (%s)", usd(team.Used.Spend), usd(*terms.MaxBudget), ratio(team.Used.Spend, *terms.MaxBudget))
}

func ratio(part, whole money.Nano) string { return percent(float64(part) / float64(whole) * 100) }

// fateOf is refused, throttled or fine, with the reason.
func fateOf(team api.TeamEffect) string {
	switch {
	case team.New == nil:
		return "gone"
	case team.Refused && team.RefusedNow:
		return "refused, as now: " + because(team.RefusedBecause)
	case team.Refused:
		return "**refused from the apply on**: " + because(team.RefusedBecause)
	case team.Throttled:
		return "throttled: " + because(team.ThrottledBecause)
	default:
		return "fine"
	}
}

func because(reasons []string) string {
	texts := make([]string, len(reasons))
	for i, reason := range reasons {
		texts[i] = code(reason)
	}
	return strings.Join(texts, ", ")
}
