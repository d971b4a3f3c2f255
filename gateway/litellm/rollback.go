package litellm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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
	if err := r.keepShared(keys, members); err != nil {
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
	_, _ = fmt.Fprintf(progress, "%d objects are taken back, %d were changed by somebody since, or are used by others, and stay\n", r.gone, r.kept)
	return errors.Join(r.failed...)
}

// rollback counts what becomes of what imports made.
type rollback struct {
	// ctx is of the one rollback.
	ctx     context.Context
	gateway *client.Client
	origin  string
	// needed are teams, users, members and pots that others use: with keys or members that these imports did not make, which
	// would go with them, or with what another proxy has spent.
	needed map[client.Spender]bool

	mu         sync.Mutex
	gone, kept int
	failed     []error
}

// keepShared finds what others use of what these imports made.
func (r *rollback) keepShared(keys []api.Key, members []api.Membership) error {
	r.needed = map[client.Spender]bool{}
	for _, key := range keys {
		if !r.untouched(key.Record) {
			r.keep(deref(key.TeamID), deref(key.UserID))
		}
	}
	for _, member := range members {
		if !r.untouched(member.Record) {
			r.keep(member.TeamID, member.UserID)
		}
	}
	for _, kind := range []string{"team", "user", "member", "budget"} {
		if err := r.keepBalances(kind); err != nil {
			return err
		}
	}
	return nil
}

// untouched says that an import of the origin made it and nobody has changed it since.
func (r *rollback) untouched(record api.Record) bool {
	own := ActorOf(r.origin)
	return record.CreatedBy == own && record.UpdatedBy == own
}

// keep marks a member with its team and user: either one takes the membership along.
func (r *rollback) keep(team, user string) {
	for _, owner := range []client.Spender{{TeamID: team}, {UserID: user}, {TeamID: team, UserID: user}} {
		r.needed[owner] = true
	}
}

// keepBalances marks what has an opening balance of another origin. The audit log knows: the last balance of each is in force.
func (r *rollback) keepBalances(kind string) error {
	type balance struct{ object, origin string }
	seen := map[balance]bool{}
	var unread error
	err := r.gateway.Changes(r.ctx, kind+".opening_balance", func(change api.Audit) {
		var now struct {
			OpeningID string     `json:"opening_id"`
			Spend     money.Nano `json:"spend"`
		}
		if err := json.Unmarshal(change.After, &now); err != nil {
			unread = fmt.Errorf("read change %d of the audit log: %w", change.Seq, err)
		}
		of := balance{change.ObjectID, now.OpeningID}
		if seen[of] || now.OpeningID == r.origin {
			return
		}
		seen[of] = true
		if now.Spend == 0 {
			return
		}
		switch kind {
		case "team":
			r.needed[client.Spender{TeamID: change.ObjectID}] = true
		case "user":
			r.needed[client.Spender{UserID: change.ObjectID}] = true
		case "budget":
			r.needed[client.Spender{BudgetID: change.ObjectID}] = true
		case "member":
			team, user, _ := strings.Cut(change.ObjectID, "#")
			r.keep(team, user)
		}
	})
	return errors.Join(err, unread)
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
	needed := of != client.Spender{} && r.needed[of]
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
	case removed && api.CodeOf(err) == api.Conflict: // somebody else names it, such as a key a budget
		r.kept++
	case err != nil && api.CodeOf(err) != api.NotFound:
		r.failed = append(r.failed, err)
	case removed:
		r.gone++
	case mine:
		r.kept++
	}
}
