package litellm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// openingID is what balances from LiteLLM are called.
	openingID = "litellm"
	// atOnce is how many changes are under way: the gateway writes one after the other, and the way there and back takes time.
	atOnce = 8
	// mostErrors is after how many a kind is given up.
	mostErrors = 10
)

// errOtherName stops an import whose changes bear another name.
var errOtherName = errors.New("the gateway does not keep what the import made under its name: import with the admin key of the gateway's configuration, " +
	"as what an admin key of somebody makes is theirs, and could be neither imported again nor rolled back")

// Apply does what the plan says. After an error, or when it was stopped, a new plan goes on where this one ended.
func (p *Plan) Apply(ctx context.Context, progress io.Writer) error {
	for _, kind := range kinds {
		done, err := p.applyKind(ctx, kind)
		if done > 0 {
			_, _ = fmt.Fprintf(progress, "%s: %d done\n", kind, done)
		}
		if err != nil {
			return fmt.Errorf("import %s; the same command goes on from here: %w", kind, err)
		}
	}
	return nil
}

func (p *Plan) applyKind(ctx context.Context, kind string) (done int, err error) {
	var mu sync.Mutex
	var failed []error
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, s := range p.steps {
		if s.kind != kind || s.verb == verbKept {
			continue
		}
		group.Go(func() error {
			mu.Lock()
			tooMany := len(failed) >= mostErrors
			mu.Unlock()
			if tooMany || ctx.Err() != nil {
				return nil
			}
			err := p.bring(ctx, s)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", s.id, err))
				return nil
			}
			done++
			return nil
		})
	}
	_ = group.Wait() // steps note their errors themselves
	return done, errors.Join(append(failed, ctx.Err())...)
}

// bring makes or changes an object, and brings what was spent.
func (p *Plan) bring(ctx context.Context, s step) error {
	if s.verb != verbSame {
		record, err := s.make(ctx)
		if err != nil {
			return err
		}
		if record.CreatedBy != Actor {
			return errOtherName
		}
	}
	if s.spender == nil || s.verb == verbCreate && s.spend == 0 {
		return nil
	}
	_, err := p.gateway.OpenSpend(ctx, s.spender(), openingID, s.spend)
	return err
}

// Verify says what of the plan is not so: every object with its settings, every key's digest, and that nothing counts
// as less than LiteLLM has spent. It also tells which periods end at another time.
func (p *Plan) Verify(w io.Writer) error {
	wrong, moved := 0, 0
	tell := func(format string, args ...any) {
		if wrong++; wrong <= mostNamed {
			_, _ = fmt.Fprintf(w, format, args...)
		}
	}
	for _, s := range p.steps {
		switch {
		case s.verb == verbCreate:
			tell("missing: %s %s\n", s.kind, s.id)
		case s.verb == verbDelete:
			tell("not at LiteLLM: %s\n", s.id)
		case len(s.changed) > 0:
			tell("differs: %s %s: %v\n", s.kind, s.id, s.changed)
		case s.spender != nil && s.counted < s.spend:
			tell("spent less: %s %s: %s here, %s at LiteLLM\n", s.kind, s.id, s.counted.Dollars(), s.spend.Dollars())
		case s.ends != nil && (s.endsHere == nil || !s.endsHere.Equal(*s.ends)):
			moved++
			if moved <= mostNamed {
				_, _ = fmt.Fprintf(w, "period: %s %s ends %s here, %s at LiteLLM\n", s.kind, s.id, timeOrNever(s.endsHere), timeOrNever(s.ends))
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d objects are not as LiteLLM has them", wrong, len(p.steps))
	}
	_, _ = fmt.Fprintf(w, "%d objects are as LiteLLM has them; %d periods end at another time\n", len(p.steps), moved)
	return nil
}

// Rollback takes away what imports made and nobody changed since: balances first, as a scope that is made again would find them.
// Objects are those of every proxy, as nothing tells them apart; days are those of one origin.
func Rollback(ctx context.Context, gateway *client.Client, origin string, progress io.Writer) error {
	if err := CheckOrigin(origin); err != nil {
		return err
	}
	r := rollback{ctx: ctx, gateway: gateway}
	budgets, err := gateway.ListBudgets(ctx)
	if err != nil {
		return err
	}
	keys, err := gateway.ListKeys(ctx)
	if err != nil {
		return err
	}
	members, err := gateway.ListMembers(ctx)
	if err != nil {
		return err
	}
	teams, err := gateway.ListTeams(ctx)
	if err != nil {
		return err
	}
	users, err := gateway.ListUsers(ctx)
	if err != nil {
		return err
	}
	models, err := gateway.ListModels(ctx)
	if err != nil {
		return err
	}
	pots := slices.DeleteFunc(slices.Clone(budgets), func(b api.Budget) bool { return !b.Pot() })
	terms := slices.DeleteFunc(budgets, api.Budget.Pot)
	takeBack(&r, pots, func(b api.Budget) (api.Record, money.Nano, client.Spender) {
		return b.Record, b.Spend, client.Spender{BudgetID: b.BudgetID}
	}, func(b api.Budget) error { return gateway.DeleteBudget(ctx, b.BudgetID) })
	takeBack(&r, keys, func(k api.Key) (api.Record, money.Nano, client.Spender) {
		return k.Record, k.Spend, client.Spender{KeyID: k.KeyID}
	}, func(k api.Key) error { return gateway.DeleteKey(ctx, k.KeyID) })
	members = withoutForeignKeys(members, keys)
	takeBack(&r, members, func(m api.Membership) (api.Record, money.Nano, client.Spender) {
		return m.Record, m.Spend, client.Spender{TeamID: m.TeamID, UserID: m.UserID}
	}, func(m api.Membership) error { return gateway.DeleteMember(ctx, m.TeamID, m.UserID) })
	takeBack(&r, teams, func(t api.Team) (api.Record, money.Nano, client.Spender) {
		return t.Record, t.Spend, client.Spender{TeamID: t.TeamID}
	}, func(t api.Team) error { return gateway.DeleteTeamWithoutKeys(ctx, t.TeamID) })
	takeBack(&r, users, func(u api.User) (api.Record, money.Nano, client.Spender) {
		return u.Record, u.Spend, client.Spender{UserID: u.UserID}
	}, func(u api.User) error { return gateway.DeleteUser(ctx, u.UserID) })
	takeBack(&r, terms, func(b api.Budget) (api.Record, money.Nano, client.Spender) { return b.Record, 0, client.Spender{} },
		func(b api.Budget) error { return gateway.DeleteBudget(ctx, b.BudgetID) })
	takeBack(&r, models, func(m api.Model) (api.Record, money.Nano, client.Spender) { return m.Record, 0, client.Spender{} },
		func(m api.Model) error { return gateway.DeleteModel(ctx, m.ModelID) })
	days, err := forgetDays(ctx, gateway, origin)
	if err != nil {
		r.failed = append(r.failed, err)
	}
	if days > 0 {
		_, _ = fmt.Fprintf(progress, "what %d days have cost is taken back\n", days)
	}
	_, _ = fmt.Fprintf(progress, "%d objects are taken back, %d were changed by somebody since and stay\n", r.gone, r.kept)
	return errors.Join(r.failed...)
}

// withoutForeignKeys leaves out members who have keys that imports did not make: who takes them out of the team deletes these.
func withoutForeignKeys(members []api.Membership, keys []api.Key) []api.Membership {
	foreign := map[[2]string]bool{}
	for _, key := range keys {
		if key.Record.CreatedBy != Actor || key.Record.UpdatedBy != Actor {
			foreign[[2]string{deref(key.TeamID), deref(key.UserID)}] = true
		}
	}
	return slices.DeleteFunc(members, func(m api.Membership) bool { return foreign[[2]string{m.TeamID, m.UserID}] })
}

// rollback counts what becomes of what imports made.
type rollback struct {
	// ctx is of the one rollback.
	ctx     context.Context
	gateway *client.Client

	mu         sync.Mutex
	gone, kept int
	failed     []error
}

func takeBack[T any](r *rollback, objects []T, about func(T) (api.Record, money.Nano, client.Spender), remove func(T) error) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, object := range objects {
		record, spend, of := about(object)
		switch {
		case record.CreatedBy != Actor:
		case record.UpdatedBy != Actor:
			r.kept++
		default:
			group.Go(func() error {
				var err error
				if spend > 0 {
					_, err = r.gateway.OpenSpend(r.ctx, of, openingID, 0)
				}
				if err == nil {
					err = remove(object)
				}
				r.mu.Lock()
				defer r.mu.Unlock()
				if err != nil && api.CodeOf(err) != api.NotFound {
					r.failed = append(r.failed, err)
					return nil
				}
				r.gone++
				return nil
			})
		}
	}
	_ = group.Wait() // objects note their errors themselves
}
