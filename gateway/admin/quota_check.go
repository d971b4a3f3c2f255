package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// checkable are the routes whose changes can be asked about.
var checkable = map[string]func(*Server, *call) (any, error){
	"/team/new": (*Server).createTeam, "/team/update": (*Server).updateTeam, "/team/delete": (*Server).deleteTeams,
	"/team/block": (*Server).blockTeam, "/team/unblock": (*Server).unblockTeam,
	"/key/generate": (*Server).generateKey, "/key/update": (*Server).updateKey, "/key/delete": (*Server).deleteKeys,
	"/key/block": (*Server).blockKey, "/key/unblock": (*Server).unblockKey,
	"/budget/new": (*Server).createBudget, "/budget/update": (*Server).updateBudget, "/budget/delete": (*Server).deleteBudget,
}

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
func (s *Server) checkQuota(c *call) (any, error) {
	var question quotaQuestion
	if err := c.in.expect(&question); err != nil {
		return nil, err
	}
	if err := c.in.patch(&question); err != nil {
		return nil, err
	}
	changes := question.Changes
	if question.Route != nil {
		changes = append(changes, api.QuotaChange{Route: *question.Route, Body: question.Body})
	}
	if len(changes) == 0 || len(changes) > maxChanges {
		return nil, api.FieldErrorf("changes", "is required: 1 to %d objects with route and body, or one route and body beside each other", maxChanges)
	}
	for i, change := range changes {
		if checkable[change.Route] == nil {
			return nil, api.FieldErrorf("route", "of change %d must be one of %s", i+1, strings.Join(sortedNames(checkable), ", "))
		}
	}
	if question.Separately {
		return s.checkSeparately(c, changes)
	}
	check, err := s.checkTogether(c, changes)
	return quotaAnswer{QuotaCheck: check}, err
}

// checkTogether is what changes would do that follow each other.
func (s *Server) checkTogether(c *call, changes []api.QuotaChange) (api.QuotaCheck, error) {
	verdicts, made, err := s.rehearse(c, changes)
	if err != nil {
		return api.QuotaCheck{}, err
	}
	check, err := s.effects(c.ctx(), made)
	check.Changes = verdicts
	check.OK = allTaken(verdicts)
	return check, err
}

// checkSeparately is what changes would do that know nothing of each other.
func (s *Server) checkSeparately(c *call, changes []api.QuotaChange) (quotaAnswer, error) {
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
	return api.QuotaCheck{Teams: []api.TeamEffect{}, Budgets: []api.BudgetEffect{}, Keys: []api.KeyEffect{}}
}

func allTaken(verdicts []api.QuotaVerdict) bool {
	return !slices.ContainsFunc(verdicts, func(v api.QuotaVerdict) bool { return !v.OK })
}

// errRehearsed takes a rehearsal's transaction back.
var errRehearsed = errors.New("this was a rehearsal")

// rehearse makes changes one after the other, up to the first that is refused, and takes them all back. A
// transaction may be tried again, so everything is begun anew inside of it.
func (s *Server) rehearse(c *call, changes []api.QuotaChange) (verdicts []api.QuotaVerdict, made *rehearsal, err error) {
	_, _, err = s.record.Idempotent(c.ctx(), api.Once{}, func(ctx context.Context) ([]byte, error) {
		verdicts, made = nil, newRehearsal(s.record)
		stage := *s
		stage.record, stage.changes, stage.spending = made, noChanges{}, noSpending{}
		for _, change := range changes {
			err := stage.play(ctx, c, change)
			verdict := api.QuotaVerdict{Route: change.Route, OK: err == nil}
			var refused *api.Error
			switch {
			case errors.As(err, &refused) && refused.HTTPStatus() < 500:
				detail := refused.Body().Error
				verdict.Error = &detail
			case err != nil:
				return nil, err
			}
			if verdicts = append(verdicts, verdict); !verdict.OK {
				break
			}
		}
		return nil, errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		err = nil
	}
	return verdicts, made, err
}

// play runs the handler of a change's route.
func (s *Server) play(ctx context.Context, c *call, change api.QuotaChange) error {
	fields, err := httpx.ParseObject(change.Body)
	if err != nil {
		return err
	}
	request := c.request.Clone(ctx)
	request.Header.Del(api.HeaderIdempotencyKey)
	request.Header.Del(api.HeaderIfMatch)
	request.URL.Path = change.Route
	in := newInput(fields, change.Route, c.in.strict)
	in.digest = c.in.digest
	played := &call{request: request, caller: c.caller, query: c.query, in: in, change: c.change}
	_, err = checkable[change.Route](s, played)
	return err
}

// noChanges puts nothing in force.
type noChanges struct{ Changes }

func (noChanges) TeamChanged(context.Context, string) error                     { return nil }
func (noChanges) KeyChanged(context.Context, *api.Key, *api.Key) error          { return nil }
func (noChanges) BudgetChanged(context.Context, *api.Budget, *api.Budget) error { return nil }

func (noChanges) UserChanged(context.Context, string, ...api.Key) error { return nil }

// noSpending reads no counters: inside of a transaction is no time for it.
type noSpending struct{ Spending }

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
