// Package policy says which changes of quotas pass, which deserve a warning, and which people must agree to.
//
// It promises to judge every change by every rule of a quota-policy.yaml, to take what a rule cannot be asked about for
// the worst, and to refuse a policy that it does not understand with line and column. It must never know where changes
// come from: a plan, the console and a request for more are judged alike.
package policy

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Outcome is what a rule asks for.
type Outcome string

// Outcomes in rising order.
const (
	Pass     Outcome = "pass"
	Warn     Outcome = "warn"
	Approval Outcome = "approval"
)

var outcomes = []Outcome{Pass, Warn, Approval}

// Change is what happens to one object.
type Change struct {
	// Address names the object in the plan, Type is its resource type, such as bursar_team, and Action is create, update,
	// replace, delete or invoke.
	Address, Type, Action string
	// Team is the id of the team that it concerns; empty for several or none.
	Team string
	// Before and After are the attributes, nil for what there is not; an attribute that is null is left out. Numbers are
	// float64, what is not known yet is in Unknown.
	Before, After map[string]any
	Unknown       []string
	// GrowthPct is by how many per cent the limit grows that grows most, 0 for none, infinite for what has no measure.
	GrowthPct float64
	// Loosened says for each change without measure why it allows more: "max_budget is removed".
	Loosened []string
	// MonthBeforeUSD and MonthAfterUSD are what may be spent in a month at most, infinite without a cap.
	MonthBeforeUSD, MonthAfterUSD float64
	// Owners are who speaks for the team.
	Owners []string
}

// Totals are what all changes come to.
type Totals struct {
	// MonthBeforeUSD and MonthAfterUSD add up the caps of all teams of the plan, those too that it leaves as they are.
	MonthBeforeUSD, MonthAfterUSD float64
	// TeamsAbovePots says for each pot that its teams' caps add up to more than its own: "pot eu: $900 of $500".
	TeamsAbovePots []string
}

// Verdict is what a rule says of a change, or of all of them when it has no address.
type Verdict struct {
	Rule    string
	Outcome Outcome
	Address string
	// Why is a clause: "grows by more than 20 %".
	Why string
	// By are the people and groups who must agree, with the owners of the change's team filled in.
	By []string
	// Labels are what the pull request gets.
	Labels []string
}

// Policy is a list of rules.
type Policy struct {
	Rules []*Rule
}

// Rule asks for an outcome where a condition holds.
type Rule struct {
	Name    string
	Outcome Outcome
	// By are people and groups; "owners" stands for the team's.
	By []string
	// Labels are set on the pull request while the rule holds.
	Labels []string
	when   condition
}

// condition says why it holds for a change, in clauses; none is that it does not.
type condition struct {
	change func(Change) []string
	totals func(Totals) []string
}

// Judge returns what the rules say, in the order of the changes and rules.
func (p *Policy) Judge(changes []Change, totals Totals) []Verdict {
	var verdicts []Verdict
	for _, change := range changes {
		for _, rule := range p.Rules {
			if rule.when.change == nil {
				continue
			}
			for _, why := range rule.when.change(change) {
				verdicts = append(verdicts, Verdict{rule.Name, rule.Outcome, change.Address, why, rule.approvers(change), rule.Labels})
			}
		}
	}
	for _, rule := range p.Rules {
		if rule.when.totals == nil {
			continue
		}
		for _, why := range rule.when.totals(totals) {
			verdicts = append(verdicts, Verdict{Rule: rule.Name, Outcome: rule.Outcome, Why: why, By: rule.approvers(Change{}), Labels: rule.Labels})
		}
	}
	return verdicts
}

// Labels are all that the rules may set, each once.
func (p *Policy) Labels() []string {
	var labels []string
	for _, rule := range p.Rules {
		labels = append(labels, rule.Labels...)
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// Worst is the outcome of all verdicts together.
func Worst(verdicts []Verdict) Outcome {
	worst := Pass
	for _, verdict := range verdicts {
		if slices.Index(outcomes, verdict.Outcome) > slices.Index(outcomes, worst) {
			worst = verdict.Outcome
		}
	}
	return worst
}

// owners is the name that stands for whoever speaks for a team.
const owners = "owners"

func (r *Rule) approvers(change Change) []string {
	var by []string
	for _, name := range r.By {
		switch {
		case name != owners:
			by = append(by, name)
		case len(change.Owners) == 0:
			by = append(by, "the team's owners (its metadata names none)")
		default:
			by = append(by, change.Owners...)
		}
	}
	return by
}

// String is the verdict on one line.
func (v Verdict) String() string {
	text := strings.TrimPrefix(v.Address+": ", ": ") + v.Why + " (" + v.Rule + ")"
	if len(v.By) > 0 {
		text += fmt.Sprintf(", by %s", strings.Join(v.By, " or "))
	}
	return text
}

func usd(amount float64) string {
	if math.IsInf(amount, 1) {
		return "no cap"
	}
	return message.NewPrinter(language.English).Sprintf("$%.2f", amount)
}
