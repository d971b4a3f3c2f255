package review

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// judged asks a policy about every change, and about what all come to.
func (p plan) judged(by *policy.Policy) []policy.Verdict {
	if by == nil {
		return nil
	}
	owners, before, after := p.owners(), p.terms(created), p.terms(deleted)
	var changes []policy.Change
	for _, o := range p.objects {
		changes = append(changes, o.judged(owners, before, after))
	}
	for _, invoked := range p.invocations {
		changes = append(changes, invoked.judged(owners))
	}
	for _, address := range p.strangers {
		changes = append(changes, policy.Change{Address: address, Action: "unknown", Loosened: []string{unknownType}})
	}
	return by.Judge(changes, p.totals(before, after))
}

// Among are the teams and shared budgets beside one that changes, with their attributes: what they may spend counts in totals,
// and the terms that a team names are looked up.
type Among struct{ Teams, Budgets []map[string]any }

// Judge asks a policy about one change that is not in a plan: a resource type, such as bursar_team, one of create, update,
// replace and delete, and the attributes before and after; for an action, only after. An action that is empty follows from
// which of them there are.
func Judge(by *policy.Policy, resource, happens string, before, after map[string]any) ([]policy.Verdict, error) {
	return JudgeAmong(by, resource, happens, before, after, Among{})
}

// JudgeAmong is [Judge] of a change of something that is not alone.
func JudgeAmong(by *policy.Policy, resource, happens string, before, after map[string]any, others Among) ([]policy.Verdict, error) {
	if kind := actionKindOf(resource); kind != nil {
		values, err := plainJSON(after)
		p := plan{invocations: []invocation{{address: resource, kind: kind, arguments: side{values: values}}}}
		return p.judged(by), err
	}
	o := object{address: resource, kind: kindOf(resource), action: action(happens)}
	if o.kind == nil {
		return nil, fmt.Errorf("%q is no type of resource or action of the provider", resource)
	}
	var err, errAfter error
	o.before.values, err = plainJSON(before)
	o.after.values, errAfter = plainJSON(after)
	switch {
	case happens != "":
	case before == nil:
		o.action = created
	case after == nil:
		o.action = deleted
	default:
		o.action = updated
	}
	if !slices.Contains([]action{created, updated, replaced, deleted}, o.action) {
		return nil, fmt.Errorf("%q is no action; write create, update, replace or delete", happens)
	}
	p, errOthers := others.plan(o)
	p.objects = []object{o}
	switch o.kind {
	case teamKind:
		p.teams = append(p.teams, o)
	case budgetKind:
		p.budgets = append(p.budgets, o)
	}
	p.link(time.Now())
	return p.judged(by), errors.Join(err, errAfter, errOthers)
}

// plan has the others as they are; one that is the changing one is left out.
func (a Among) plan(changing object) (p plan, err error) {
	for kind, all := range map[*kind][]map[string]any{teamKind: a.Teams, budgetKind: a.Budgets} {
		for _, attributes := range all {
			values, wrong := plainJSON(attributes)
			as := side{values: values}
			err = errors.Join(err, wrong)
			if kind == changing.kind && as.at(kind.id).text() == changing.after.at(kind.id).text() {
				continue
			}
			other := object{address: kind.resource, kind: kind, before: as, after: as}
			if kind == teamKind {
				p.teams = append(p.teams, other)
			} else {
				p.budgets = append(p.budgets, other)
			}
		}
	}
	return p, err
}

// plainJSON is a value as a plan has it, nil for none.
func plainJSON(from map[string]any) (any, error) {
	if from == nil {
		return nil, nil //nolint:nilnil // what there is not has no value
	}
	data, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("read the attributes: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var values any
	if err := decoder.Decode(&values); err != nil {
		return nil, fmt.Errorf("read the attributes: %w", err)
	}
	return values, nil
}

func (o object) judged(owners map[string][]string, before, after map[string]side) policy.Change {
	team := o.after.at("team_id").text()
	if team == "" {
		team = o.before.at("team_id").text()
	}
	change := policy.Change{
		Address: o.address, Type: o.kind.resource, Action: string(o.action), Team: team, Owners: owners[team],
		Before: o.before.known(), After: o.after.known(), Unknown: o.after.hidden(),
		MonthBeforeUSD: o.before.allowed(before).usd(), MonthAfterUSD: o.after.allowed(after).usd(),
	}
	if why := o.loosenedWhole(); why != "" {
		change.Loosened = []string{why}
	}
	if o.action != updated && o.action != replaced {
		return change
	}
	for _, d := range o.differences() {
		found := d.loosening()
		switch {
		case found.why != "":
			change.Loosened = append(change.Loosened, d.attribute.path+" "+found.why)
		case math.IsInf(found.share, 1):
			change.Loosened = append(change.Loosened, d.attribute.path+" grows from 0")
		default:
			change.GrowthPct = max(change.GrowthPct, found.share*100)
		}
	}
	return change
}

// loosenedWhole says why what happens to the whole resource allows more.
func (o object) loosenedWhole() string {
	switch o.action {
	case deleted:
		return o.kind.gone
	case replaced:
		return o.kind.anew
	case created:
		return cmp.Or(o.kind.born, o.after.unrefused())
	default:
		return ""
	}
}

func (i invocation) judged(owners map[string][]string) policy.Change {
	team := i.arguments.at("team_id").text()
	change := policy.Change{Address: i.address, Action: "invoke", Team: team, Owners: owners[team], After: i.arguments.known(), Unknown: i.arguments.hidden()}
	if i.kind != nil {
		change.Type = i.kind.action
	}
	for _, reason := range i.reasons() {
		change.Loosened = append(change.Loosened, reason.why)
	}
	return change
}

// owners are who speaks for each team of the plan, by the owners in its metadata: a name or a list.
func (p plan) owners() map[string][]string {
	found := map[string][]string{}
	for _, team := range p.teams {
		for _, side := range []side{team.before, team.after} {
			named := side.at("metadata.owners")
			id, names := side.at("team_id").text(), named.texts()
			if one := named.text(); one != "" {
				names = []string{one}
			}
			if id != "" && len(names) > 0 {
				found[id] = names
			}
		}
	}
	return found
}

// totals add up the teams that have a cap, and hold them against the pots of which something changes.
func (p plan) totals(before, after map[string]side) policy.Totals {
	var totals policy.Totals
	month := map[string]money.Nano{}
	for _, team := range p.teams {
		totals.MonthBeforeUSD += dollarsOf(team.before.allowed(before).amount)
		allowed := team.after.allowed(after)
		totals.MonthAfterUSD += dollarsOf(allowed.amount)
		month[team.after.at("team_id").text()] = allowed.amount
	}
	for _, pot := range p.budgets {
		own := pot.after.own()
		teams := pot.after.at("team_ids").texts()
		var sum money.Nano
		for _, team := range teams {
			sum += month[team]
		}
		if pot.after.values != nil && !own.open && !own.unsure && sum > own.amount && p.touches(pot, teams) {
			totals.TeamsAbovePots = append(totals.TeamsAbovePots, fmt.Sprintf("the teams of pot %s may spend %s a month together, and it %s",
				pot.after.at("budget_id").text(), usd(sum), usd(own.amount)))
		}
	}
	return totals
}

func (p plan) touches(pot object, teams []string) bool {
	return slices.ContainsFunc(p.objects, func(o object) bool {
		return o.address == pot.address || o.kind == teamKind && slices.Contains(teams, o.after.at("team_id").text())
	})
}

func (a allowance) usd() float64 {
	if a.open || a.unsure {
		return math.Inf(1)
	}
	return dollarsOf(a.amount)
}

func dollarsOf(amount money.Nano) float64 { return float64(amount) / float64(money.USD) }

// known are the attributes that are plain to see.
func (s side) known() map[string]any {
	object, _ := s.values.(map[string]any)
	if object == nil {
		return nil
	}
	known := map[string]any{}
	for name, held := range object {
		if v := s.at(name); held != nil && !v.unknown && !v.sensitive {
			known[name] = native(held)
		}
	}
	return known
}

// hidden names the attributes whose value nobody is told, or nobody knows yet.
func (s side) hidden() []string {
	var names []string
	for _, marks := range []any{s.unknown, s.sensitive} {
		object, _ := marks.(map[string]any)
		for name, mark := range object {
			if anyTrue(mark) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// native is a JSON value with numbers that an expression compares.
func native(held any) any {
	switch held := held.(type) {
	case json.Number:
		number, err := held.Float64()
		if err != nil {
			return held.String()
		}
		return number
	case map[string]any:
		plain := make(map[string]any, len(held))
		for name, each := range held {
			if each != nil {
				plain[name] = native(each)
			}
		}
		return plain
	case []any:
		plain := make([]any, len(held))
		for i, each := range held {
			plain[i] = native(each)
		}
		return plain
	default:
		return held
	}
}

// prose prints text from outside as words of which nothing is markup.
func prose(text string) string {
	var b strings.Builder
	for _, r := range oneLine(text) {
		if strings.ContainsRune("`|\\<>*_[]@#&~!", r) {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// remarkOf is a verdict as a line of a list.
func remarkOf(v policy.Verdict) remark {
	by := ""
	if len(v.By) > 0 {
		names := make([]string, len(v.By))
		for i, name := range v.By {
			names[i] = prose(name)
		}
		by = ", by " + strings.Join(names, " or ")
	}
	told := remark{text: prose(v.Why) + " (" + prose(v.Rule) + ")" + by, rule: prose(v.Rule) + by}
	if v.Address != "" {
		told.address = code(v.Address)
	}
	return told
}
