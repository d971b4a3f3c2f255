package litellm

import (
	"cmp"
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

// Rollback takes away what the imports of one origin made and nobody changed since: balances first, as a scope that is made
// again would find them, those that they brought to objects of another proxy too, and the days. What other proxies have stays.
func Rollback(ctx context.Context, gateway *client.Client, origin string, progress io.Writer) error {
	origin = cmp.Or(origin, DefaultOrigin)
	if err := CheckOrigin(origin); err != nil {
		return err
	}
	r := rollback{ctx: ctx, gateway: gateway, origin: origin}
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
	r.keepOwners(keys)
	pots := slices.DeleteFunc(slices.Clone(budgets), func(b api.Budget) bool { return !b.Pot() })
	terms := slices.DeleteFunc(budgets, api.Budget.Pot)
	takeBack(&r, pots, func(b api.Budget) (api.Record, money.Nano, client.Spender) {
		return b.Record, b.Spend, client.Spender{BudgetID: b.BudgetID}
	}, func(b api.Budget) error { return gateway.DeleteBudget(ctx, b.BudgetID) })
	takeBack(&r, keys, func(k api.Key) (api.Record, money.Nano, client.Spender) {
		return k.Record, k.Spend, client.Spender{KeyID: k.KeyID}
	}, func(k api.Key) error { return gateway.DeleteKey(ctx, k.KeyID) })
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
	_, _ = fmt.Fprintf(progress, "%d objects are taken back, %d were changed by somebody since, or have keys of others, and stay\n", r.gone, r.kept)
	return errors.Join(r.failed...)
}

// rollback counts what becomes of what imports made.
type rollback struct {
	// ctx is of the one rollback.
	ctx     context.Context
	gateway *client.Client
	origin  string
	// owners are teams, users and members with keys that these imports did not make: to delete them would delete the keys.
	owners map[client.Spender]bool

	mu         sync.Mutex
	gone, kept int
	failed     []error
}

func (r *rollback) keepOwners(keys []api.Key) {
	r.owners = map[client.Spender]bool{}
	own := ActorOf(r.origin)
	for _, key := range keys {
		if key.Record.CreatedBy == own && key.Record.UpdatedBy == own {
			continue
		}
		team, user := deref(key.TeamID), deref(key.UserID)
		for _, owner := range []client.Spender{{TeamID: team}, {UserID: user}, {TeamID: team, UserID: user}} {
			r.owners[owner] = true
		}
	}
}

func takeBack[T any](r *rollback, objects []T, about func(T) (api.Record, money.Nano, client.Spender), remove func(T) error) {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, object := range objects {
		record, spend, of := about(object)
		if _, imported := originOf(record.CreatedBy); !imported {
			continue
		}
		group.Go(func() error {
			r.takeBackOne(record, spend, of, func() error { return remove(object) })
			return nil
		})
	}
	_ = group.Wait() // objects note their errors themselves
}

// takeBackOne takes the balance of the origin off, and the object away if it is the origin's.
func (r *rollback) takeBackOne(record api.Record, spend money.Nano, of client.Spender, remove func() error) {
	own := ActorOf(r.origin)
	mine := record.CreatedBy == own
	edited := mine && record.UpdatedBy != own
	needed := of != client.Spender{} && r.owners[of]
	var err error
	if spend > 0 && !edited {
		_, err = r.gateway.OpenSpend(r.ctx, of, r.origin, 0)
	}
	removed := false
	if err == nil && mine && !edited && !needed {
		removed, err = true, remove()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil && api.CodeOf(err) != api.NotFound:
		r.failed = append(r.failed, err)
	case removed:
		r.gone++
	case mine:
		r.kept++
	}
}
