// Package rehearse answers POST /quota/check: what changes would do to whom, before anybody makes them.
//
// It promises that a change is judged by the very code of the route it is meant for, in a transaction that is
// taken back, and that nothing is told to anybody. It must never know what the routes do.
package rehearse

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Checker answers what changes would do. All fields but Replay are required.
type Checker struct {
	Record   stores.Record
	Spending stores.Spending
	Now      func() time.Time
	// Models are all there are, enabled or not.
	Models func(ctx context.Context) ([]api.Model, error)
	// Prices are what a million prompt and answered tokens of a model cost, in USD; nil is not known.
	Prices func(model api.Model) (input, output *money.Nano)
	// Within says why a team does not have what a key is to get, nil when it has.
	Within func(team *api.Team, key api.Key) error
	// Replay decides the calls of a time again; nil cannot. Replaying lets in as many at once as it has room for.
	Replay    func(ctx context.Context, proposal api.Proposal, from, to time.Time) (api.QuotaReplay, error)
	Replaying chan struct{}
	// Stage returns the routes on a stage: they write into the record and tell the changes, and nobody else.
	Stage func(record stores.Record, spending stores.Spending, changes stores.Changes) []route.Route
}

// Routes are the operations that a checker serves.
func Routes(s *Checker) []route.Route {
	return []route.Route{
		route.New("POST /quota/check", auth.Read, s.checkQuota, route.Spec{
			Tag: "quota", Summary: "Say what changes would do to whom, and change nothing.", Closed: true,
			Description: "Takes one `route` with its `body`, or a list of them in `changes`, as they would be sent to that route. " +
				"The changes of a list follow each other, up to the first that would be refused; with `separately` each is checked as if " +
				"it were the only one, and `checks` has an answer for each. " +
				"For each team: the terms before and after, what is used now, the busiest minute of the last day, whether requests " +
				"would be refused or throttled, which shared budgets are charged, and which keys would get less than their own limits say. " +
				"For each changed key: what it has spent by terms of its own. For each member and user: what binds them before and after, what is spent, " +
				"whether they would be refused, and the keys that go with them. For each model: its prices before and after, the names that nothing serves any more, " +
				"who called it in the last seven days, and about what that would have cost. And the names of models that nothing serves.",
		}),
		route.New("POST /quota/replay", auth.Read, s.replay, route.Spec{
			Tag: "quota", Summary: "Say which calls of the last days changes would have refused, and change nothing.", Closed: true,
			Description: "Takes the `changes` of `/quota/check` and `over`, how far back to begin: up to `30d`, `7d` unless given. " +
				"The engine that decides calls decides those of the ledger again, on their recorded arrivals and amounts: by the limits in " +
				"force, and by the proposed ones. For both: how many it refuses, by which limit, from when on, and what those calls had cost; " +
				"and the same by key and model. `estimated` counts calls whose row does not say what was reserved. " +
				"Calls that were refused at their time are not in the ledger and are not decided again.",
		}),
	}
}

// modelRoutes is how the routes of models begin.
const modelRoutes = "/model/"

// maxChanges is how many changes one check takes.
const maxChanges = 1000

// quotaQuestion is the body of POST /quota/check: one change, or a list of them that follow each other.
type quotaQuestion struct {
	Route   *string           `json:"route"`
	Body    json.RawMessage   `json:"body"`
	Changes []api.QuotaChange `json:"changes"`
	// Separately asks about every change as if it were the only one.
	Separately bool `json:"separately"`
}

// quotaAnswer is the answer of POST /quota/check.
type quotaAnswer struct {
	api.QuotaCheck
	// Checks are what each change would do by itself, when asked separately. What is beside them is empty then, but for
	// ok and changes.
	Checks []api.QuotaCheck `json:"checks,omitempty"`
}

// checkQuota is POST /quota/check: what changes would do to whom. They are made as their routes make them, in a
// transaction that is taken back, so what would be refused is refused here, too.
func (s *Checker) checkQuota(c *route.Call, question quotaQuestion) (answer quotaAnswer, err error) {
	changes := question.Changes
	if question.Route != nil {
		changes = append(changes, api.QuotaChange{Route: *question.Route, Body: question.Body})
	}
	if err := s.checkChanges(c, changes); err != nil {
		return answer, err
	}
	if question.Separately {
		return s.checkSeparately(c, changes)
	}
	check, err := s.checkTogether(c, changes)
	return quotaAnswer{QuotaCheck: check}, err
}

// checkChanges says what of the changes cannot be asked about.
func (s *Checker) checkChanges(c *route.Call, changes []api.QuotaChange) error {
	if len(changes) == 0 || len(changes) > maxChanges {
		return api.FieldErrorf("changes", "is required: 1 to %d objects with route and body, or send one route and body at the top level", maxChanges)
	}
	known := rehearsed(s.Stage(s.Record, s.Spending, noChanges{}))
	for i, change := range changes {
		asked, found := known[change.Route]
		if !found {
			return api.FieldErrorf("route", "of change %d must be one of %s", i+1, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		// What a model's address leads to is looked up, which is not for those who only read.
		if strings.HasPrefix(change.Route, modelRoutes) && !c.Caller.Role.May(asked.Permission) {
			return api.Errorf(api.Forbidden, "role %s may not use %s, and so not ask what it would do", c.Caller.Role, change.Route)
		}
	}
	return nil
}

// rehearsed are the routes whose changes can be asked about, by path.
func rehearsed(routes []route.Route) map[string]route.Route {
	byPath := map[string]route.Route{}
	for _, route := range routes {
		if route.Rehearsed {
			byPath[route.Path] = route
		}
	}
	return byPath
}

// checkTogether is what changes would do that follow each other.
func (s *Checker) checkTogether(c *route.Call, changes []api.QuotaChange) (api.QuotaCheck, error) {
	verdicts, made, err := s.rehearse(c, changes)
	if err != nil {
		return api.QuotaCheck{}, err
	}
	check, err := s.effects(c.Context(), made)
	check.Changes = verdicts
	check.OK = allTaken(verdicts)
	return check, err
}

// checkSeparately is what changes would do that know nothing of each other.
func (s *Checker) checkSeparately(c *route.Call, changes []api.QuotaChange) (quotaAnswer, error) {
	answer := quotaAnswer{QuotaCheck: emptyCheck()}
	for _, change := range changes {
		check, err := s.checkTogether(c, []api.QuotaChange{change})
		if err != nil {
			return quotaAnswer{}, err
		}
		answer.Checks = append(answer.Checks, check)
		answer.Changes = append(answer.Changes, check.Changes...)
	}
	answer.OK = allTaken(answer.Changes)
	return answer, nil
}

func emptyCheck() api.QuotaCheck {
	return api.QuotaCheck{
		Teams: []api.TeamEffect{}, Budgets: []api.BudgetEffect{}, Keys: []api.KeyEffect{},
		Members: []api.MemberEffect{}, Users: []api.UserEffect{}, Models: []api.ModelEffect{},
	}
}

func allTaken(verdicts []api.QuotaVerdict) bool {
	return !slices.ContainsFunc(verdicts, func(v api.QuotaVerdict) bool { return !v.OK })
}

// errRehearsed takes a rehearsal's transaction back.
var errRehearsed = errors.New("this was a rehearsal")

// rehearse makes changes one after the other, up to the first that is refused, and takes them all back. A
// transaction may be tried again, so everything is begun anew inside of it.
func (s *Checker) rehearse(c *route.Call, changes []api.QuotaChange) (verdicts []api.QuotaVerdict, made *rehearsal, err error) {
	err = s.Record.Transaction(c.Context(), func(ctx context.Context) error {
		verdicts, made = nil, newRehearsal(s.Record)
		stage := rehearsed(s.Stage(made, noSpending{}, noChanges{}))
		for _, change := range changes {
			err := play(ctx, c, stage[change.Route], change.Body)
			verdict := api.QuotaVerdict{Route: change.Route, OK: err == nil}
			var refused *api.Error
			switch {
			case errors.As(err, &refused) && refused.HTTPStatus() < 500:
				detail := refused.Body().Error
				verdict.Error = &detail
			case err != nil:
				return err
			}
			if verdicts = append(verdicts, verdict); !verdict.OK {
				break
			}
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		err = nil
	}
	return verdicts, made, err
}

// play makes the change that a body asks a route for.
func play(ctx context.Context, c *route.Call, played route.Route, body json.RawMessage) error {
	call, err := c.Replay(ctx, played.Path, body)
	if err != nil {
		return err
	}
	if call.Change.Reason == "" { // people are asked for one when they have seen what the change does
		call.Change.Reason = "rehearsed"
	}
	_, err = played.Serve(call)
	return err
}

// noChanges puts nothing in force.
type noChanges struct{ stores.Changes }

func (noChanges) TeamChanged(context.Context, string) error                     { return nil }
func (noChanges) KeyChanged(context.Context, *api.Key, *api.Key) error          { return nil }
func (noChanges) BudgetChanged(context.Context, *api.Budget, *api.Budget) error { return nil }

func (noChanges) UserChanged(context.Context, string, ...api.Key) error { return nil }

// noSpending reads no counters: inside of a transaction is no time for it.
type noSpending struct{ stores.Spending }

func (noSpending) Teams(_ context.Context, teams []api.Team) ([]api.BudgetState, error) {
	return make([]api.BudgetState, len(teams)), nil
}

func (noSpending) Keys(_ context.Context, keys []api.Key) ([]api.BudgetState, error) {
	return make([]api.BudgetState, len(keys)), nil
}

func (noSpending) Budgets(_ context.Context, budgets []api.Budget) ([]api.BudgetState, error) {
	return make([]api.BudgetState, len(budgets)), nil
}

func (noSpending) Users(_ context.Context, users []api.User) ([]api.BudgetState, error) {
	return make([]api.BudgetState, len(users)), nil
}

func (noSpending) Members(_ context.Context, _ api.Team, members []api.Membership) ([]api.BudgetState, error) {
	return make([]api.BudgetState, len(members)), nil
}

// sameJSON says whether two objects would be answered alike.
func sameJSON(a, b any) bool {
	first, errA := json.Marshal(a)
	second, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(first, second)
}
