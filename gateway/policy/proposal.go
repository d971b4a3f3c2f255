package policy

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Proposed says what binds callers when some objects are as they are proposed to be. It is for one question, and must not
// be used concurrently.
type Proposed struct {
	book    *Book
	source  proposedObjects
	callers map[Spender]*Subject
}

// Spender is who a call was made by, as the ledger has it; "" is nobody.
type Spender struct{ KeyID, TeamID, UserID string }

// Proposed returns what binds callers under a proposal. Nothing in it need be stored.
func (s Spending) Proposed(proposal api.Proposal, keys func(ctx context.Context, id string) (api.Key, error)) *Proposed {
	source := proposedObjects{s.Book.source, proposal, keys, s.made}
	return &Proposed{book: NewBook(source, noVersions{}, s.Book.defaults), source: source, callers: map[Spender]*Subject{}}
}

// Bound is the subject that a caller is, nil when its team is not there. A key that is not there any more is bound as
// one without limits of its own.
func (j *Proposed) Bound(ctx context.Context, caller Spender) (*Subject, error) {
	if known, asked := j.callers[caller]; asked {
		return known, nil
	}
	key := api.NewKey(caller.KeyID)
	if caller.KeyID != "" {
		stored, err := j.source.key(ctx, caller.KeyID)
		switch {
		case err == nil:
			key = stored
		case api.CodeOf(err) != api.NotFound:
			return nil, err
		}
	}
	key.TeamID, key.UserID = given(caller.TeamID), given(caller.UserID)
	subject, err := j.book.subject(ctx, key, SlotOf(key), 0)
	if api.CodeOf(err) == api.NotFound {
		subject, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	j.callers[caller] = subject
	return subject, nil
}

// Budget returns a budget as it would be.
func (j *Proposed) Budget(ctx context.Context, id string) (api.Budget, error) {
	return j.source.Budget(ctx, id)
}

// Gone says whether the caller's key or team would be deleted.
func (j *Proposed) Gone(caller Spender) bool {
	key, keyChanged := j.source.proposal.Keys[caller.KeyID]
	team, teamChanged := j.source.proposal.Teams[caller.TeamID]
	return keyChanged && key == nil || teamChanged && team == nil
}

func given(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}

// proposedObjects is a source with some objects as they would be.
type proposedObjects struct {
	Source
	proposal api.Proposal
	keys     func(ctx context.Context, id string) (api.Key, error)
	made     func(at time.Time) time.Time
}

func (p proposedObjects) key(ctx context.Context, id string) (api.Key, error) {
	if key, changed := p.proposal.Keys[id]; changed && key != nil {
		return *key, nil
	}
	return p.keys(ctx, id)
}

// Team returns a team as it would be.
func (p proposedObjects) Team(ctx context.Context, id string) (api.Team, error) {
	team, changed := p.proposal.Teams[id]
	switch {
	case !changed:
		return p.Source.Team(ctx, id)
	case team == nil:
		return api.Team{}, api.Errorf(api.NotFound, "team %q is gone", id)
	default:
		return *team, nil
	}
}

// Budget returns a budget as it would be.
func (p proposedObjects) Budget(ctx context.Context, id string) (api.Budget, error) {
	budget, changed := p.proposal.Budgets[id]
	switch {
	case !changed:
		return p.Source.Budget(ctx, id)
	case budget == nil:
		return api.Budget{}, api.Errorf(api.NotFound, "budget %q is gone", id)
	default:
		return *budget, nil
	}
}

// AllBudgets returns the budgets as they would be.
func (p proposedObjects) AllBudgets(ctx context.Context) ([]api.Budget, error) {
	stored, err := p.Source.AllBudgets(ctx)
	var all []api.Budget
	for _, budget := range stored {
		if _, changed := p.proposal.Budgets[budget.BudgetID]; !changed {
			all = append(all, budget)
		}
	}
	for _, budget := range p.proposal.Budgets {
		if budget != nil {
			proposed := *budget
			proposed.CreatedAt = p.made(proposed.CreatedAt)
			all = append(all, proposed)
		}
	}
	return all, err
}

// AllAlertRoutes returns none: nobody hears of what is only asked about.
func (proposedObjects) AllAlertRoutes(context.Context) ([]api.AlertRoute, error) { return nil, nil }

// Armed knows of none, for the same reason.
func (proposedObjects) Armed(context.Context, []string) (map[string]int64, error) { return nil, nil }

// noVersions is for books that are made for one question.
type noVersions struct{}

// PolicyVersion implements [Versions].
func (noVersions) PolicyVersion(context.Context, string) (int64, error) { return 0, nil }

// BumpPolicy implements [Versions].
func (noVersions) BumpPolicy(context.Context, string) (int64, error) { return 0, nil }
