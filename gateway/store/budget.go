package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var budgetNoun = noun[api.Budget]{
	name: "budget", get: (*Store).Budget, check: (*Store).checkBudget, put: (*Store).putBudget, audit: auditBudget,
	id:     func(budget *api.Budget) *string { return &budget.BudgetID },
	record: func(budget *api.Budget) *api.Record { return &budget.Record },
	caps: func(budget api.Budget) []spendingCap {
		return []spendingCap{capOf(api.PotScope(budget.BudgetID), budget.BudgetTerms, nil)}
	},
}

// CreateBudget stores a new budget and returns it as a read would. Errors: [api.Invalid],
// [api.AlreadyExists].
func (s *Store) CreateBudget(ctx context.Context, change api.Change, budget api.Budget) (api.Budget, error) {
	return create(ctx, s, budgetNoun, change, budget, nothing)
}

// Budget returns a budget without its spend. Error: [api.NotFound].
func (s *Store) Budget(ctx context.Context, id string) (api.Budget, error) {
	var row object
	found, err := s.one(ctx, "budget_get", args{"id": id}, row.targets()...)
	if err != nil {
		return api.Budget{}, err
	}
	if !found {
		return api.Budget{}, api.Errorf(api.NotFound, "Budget not found, passed budget_id=%s", id)
	}
	return row.budget()
}

// Budgets returns the budgets that the filter selects, and how many there are without the filter's page.
// A budget has no alias; sorting by it sorts by id.
func (s *Store) Budgets(ctx context.Context, filter api.BudgetFilter) ([]api.Budget, int, error) {
	values := args{}
	values.givenIDs("ids", filter.IDs)
	if filter.Pots {
		values["pots"] = true
	}
	return list(ctx, s, "budget", values, filter.Page, func(scan func(...any) error) (api.Budget, error) {
		var row object
		if err := scan(row.targets()...); err != nil {
			return api.Budget{}, err
		}
		return row.budget()
	})
}

// AllBudgets returns every budget, oldest first.
func (s *Store) AllBudgets(ctx context.Context) ([]api.Budget, error) {
	budgets, _, err := s.Budgets(ctx, api.BudgetFilter{})
	return budgets, err
}

// UpdateBudget lets edit change a budget, if its revision is ifRevision or that is zero, and returns it
// as stored. edit cannot change the id or the record. Errors: [api.NotFound], [api.Stale], [api.Invalid],
// [api.Conflict] when a budget that teams or keys name would become a pot, edit's.
func (s *Store) UpdateBudget(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Budget) error) (api.Budget, error) {
	return update(ctx, s, budgetNoun, change, "update", id, ifRevision,
		func(_ context.Context, budget *api.Budget) error { return edit(budget) })
}

// DeleteBudgets deletes budgets, all or none, and returns what is gone. Errors: [api.NotFound],
// [api.Conflict] naming the teams and keys that use one.
func (s *Store) DeleteBudgets(ctx context.Context, change api.Change, ids []string) ([]api.Budget, error) {
	return remove(ctx, s, budgetNoun, change, ids, func(ctx context.Context, budget api.Budget) error {
		users, err := s.budgetUsers(ctx, budget.BudgetID)
		if err == nil && users != "" {
			err = api.Errorf(api.Conflict, "budget %q is in use by %s; take it off them first", budget.BudgetID, users)
		}
		return err
	})
}

func (s *Store) checkBudget(ctx context.Context, budget api.Budget) error {
	if err := budget.Validate(); err != nil {
		return err
	}
	if !budget.Pot() {
		return nil
	}
	users, err := s.budgetUsers(ctx, budget.BudgetID)
	if err != nil {
		return err
	}
	if users != "" {
		return api.Errorf(api.Conflict,
			"budget %q is in use by %s and cannot get a scope: it would be one pot for them all", budget.BudgetID, users)
	}
	return nil
}

// namedUsers bounds how many teams, and how many keys, a message names.
const namedUsers = 5

// budgetUsers names the teams and keys that take their terms from a budget; empty is nobody.
func (s *Store) budgetUsers(ctx context.Context, id string) (string, error) {
	var users []string
	for _, noun := range []string{"team", "key"} {
		ids, err := s.texts(ctx, noun+"_of_budget", args{"budget_id": id, "limit": namedUsers + 1})
		if err != nil {
			return "", err
		}
		for i, id := range ids {
			if i == namedUsers {
				users = append(users, "more "+noun+"s")
				break
			}
			users = append(users, fmt.Sprintf("%s %q", noun, id))
		}
	}
	return strings.Join(users, ", "), nil
}

// checkBudgetID says whether a team or key may name this budget.
func (s *Store) checkBudgetID(ctx context.Context, id *string) error {
	if id == nil {
		return nil
	}
	budget, err := s.Budget(ctx, *id)
	if api.CodeOf(err) == api.NotFound {
		return api.FieldErrorf("budget_id", "names a budget that does not exist: %q", *id)
	}
	if err != nil {
		return err
	}
	if budget.Pot() {
		return api.FieldErrorf("budget_id",
			"names a budget with a scope: %q covers what its scope selects and cannot be given to teams or keys", *id)
	}
	return nil
}

func (s *Store) putBudget(ctx context.Context, query string, budget api.Budget) error {
	values, err := objectArgs(budget.BudgetID, budget.DeclaredIn, budget.Record, budget.BudgetFields)
	if err != nil {
		return err
	}
	values["pot"] = 0
	if budget.Pot() {
		values["pot"] = 1
	}
	_, err = s.exec(ctx, query, values)
	return err
}

func (o *object) budget() (api.Budget, error) {
	budget := api.Budget{BudgetID: o.id, Record: o.record(), DeclaredIn: o.declaredIn}
	return budget, decode(o.document, &budget.BudgetFields)
}

func auditBudget(budget api.Budget) any {
	return struct {
		BudgetID string `json:"budget_id"`
		api.BudgetFields
		Revision   int64  `json:"revision"`
		DeclaredIn string `json:"declared_in,omitempty"`
	}{budget.BudgetID, budget.BudgetFields, budget.Revision, budget.DeclaredIn}
}

// oddPeriods is the setting that says from when odd durations such as "90d" count from an object's creation. Releases
// before counted them from one date for everybody, and what was made by then goes on so: its running period must not
// end early, nor give out its money twice.
const oddPeriods = "odd_periods_since_ms"

// noteOddPeriods notes when the first gateway that counts so met the database; one that was never used has nothing
// older. It comes before the secret key is noted, by which a database that was used is known.
func (s *Store) noteOddPeriods(ctx context.Context) error {
	since := "0"
	var used string
	found, err := s.one(ctx, "setting_get", args{"name": "secret_key"}, &used)
	if err != nil {
		return fmt.Errorf("see whether %s was used before: %w", s.db.Place, err)
	}
	if found {
		since = strconv.FormatInt(s.now().UnixMilli(), 10)
	}
	if _, err := s.exec(ctx, "setting_put_first", args{"name": oddPeriods, "value": since}); err != nil {
		return fmt.Errorf("note how %s counts periods: %w", s.db.Place, err)
	}
	return nil
}

// OddPeriodsSince is from when odd durations such as "90d" count from the creation of the object that has them.
func (s *Store) OddPeriodsSince(ctx context.Context) (time.Time, error) {
	var text string
	if _, err := s.one(ctx, "setting_get", args{"name": oddPeriods}, &text); err != nil {
		return time.Time{}, fmt.Errorf("read how %s counts periods: %w", s.db.Place, err)
	}
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read how %s counts periods: %w", s.db.Place, err)
	}
	return time.UnixMilli(ms), nil
}
