package client

import (
	"context"
	"sync"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Estate reads single objects like the client itself, and lists them by the page when many are read: thousands
// of objects take a few requests. What was listed is answered until the client changes something. An object that
// is in no list is asked for by its id, so that only the gateway itself says that something is gone.
// It is safe for use by several goroutines, which wait for one another instead of listing twice.
type Estate struct {
	teams   listed[string, api.Team]
	members listed[memberID, api.Membership]
	users   listed[string, api.User]
	keys    listed[string, api.Key]
	budgets listed[string, api.Budget]
	routes  listed[string, api.AlertRoute]
	models  listed[string, api.Model]
	admins  listed[string, api.AdminKey]
}

type memberID struct{ teamID, userID string }

func newEstate(c *Client) *Estate {
	e := &Estate{}
	e.teams.page, e.teams.idOf = c.pageOfTeams, func(t api.Team) string { return t.TeamID }
	e.teams.one = func(ctx context.Context, id string) (api.Team, error) {
		info, err := c.GetTeam(ctx, id)
		return info.Team, err
	}
	e.members.page, e.members.idOf = c.pageOfMembers, func(m api.Membership) memberID { return memberID{m.TeamID, m.UserID} }
	e.members.one = func(ctx context.Context, id memberID) (api.Membership, error) {
		return c.GetMember(ctx, id.teamID, id.userID)
	}
	e.users.page, e.users.idOf = c.pageOfUsers, func(u api.User) string { return u.UserID }
	e.users.one = func(ctx context.Context, id string) (api.User, error) {
		info, err := c.GetUser(ctx, id)
		return info.User, err
	}
	e.keys.page, e.keys.idOf, e.keys.one = c.pageOfKeys, func(k api.Key) string { return k.KeyID }, c.GetKey
	e.budgets.page, e.budgets.idOf = wholeList(c.ListBudgets), func(b api.Budget) string { return b.BudgetID }
	e.budgets.one = c.GetBudget
	e.routes.page, e.routes.idOf = wholeList(c.ListAlertRoutes), func(r api.AlertRoute) string { return r.AlertRouteID }
	e.routes.one = c.GetAlertRoute
	e.models.page, e.models.idOf = wholeList(c.ListModels), func(m api.Model) string { return m.ModelID }
	e.models.one = c.GetModel
	e.admins.page, e.admins.idOf = wholeList(c.ListAdminKeys), func(k api.AdminKey) string { return k.AdminKeyID }
	e.admins.one = c.GetAdminKey
	return e
}

// Team returns a team without its keys, or [api.NotFound].
func (e *Estate) Team(ctx context.Context, id string) (api.Team, error) { return e.teams.get(ctx, id) }

// Member returns a user's place in a team, or [api.NotFound] when the team is gone or the user is not in it.
func (e *Estate) Member(ctx context.Context, teamID, userID string) (api.Membership, error) {
	return e.members.get(ctx, memberID{teamID, userID})
}

// User returns a user, or [api.NotFound].
func (e *Estate) User(ctx context.Context, id string) (api.User, error) { return e.users.get(ctx, id) }

// Key returns the key with that id, or [api.NotFound].
func (e *Estate) Key(ctx context.Context, id string) (api.Key, error) { return e.keys.get(ctx, id) }

// Budget returns a budget, or [api.NotFound].
func (e *Estate) Budget(ctx context.Context, id string) (api.Budget, error) {
	return e.budgets.get(ctx, id)
}

// AlertRoute returns an alert route, or [api.NotFound].
func (e *Estate) AlertRoute(ctx context.Context, id string) (api.AlertRoute, error) {
	return e.routes.get(ctx, id)
}

// Model returns a model, or [api.NotFound].
func (e *Estate) Model(ctx context.Context, id string) (api.Model, error) {
	return e.models.get(ctx, id)
}

// AdminKey returns an admin key, or [api.NotFound].
func (e *Estate) AdminKey(ctx context.Context, id string) (api.AdminKey, error) {
	return e.admins.get(ctx, id)
}

// forget is for after a change: one object's may show in others, such as the keys that go with a team.
func (e *Estate) forget() {
	e.teams.forget()
	e.members.forget()
	e.users.forget()
	e.keys.forget()
	e.budgets.forget()
	e.routes.forget()
	e.models.forget()
	e.admins.forget()
}

// readsBeforeListing is how many objects of a noun are read one by one before the first page of all of them:
// a configuration with a handful of objects must not list a large gateway.
const readsBeforeListing = 8

// listed is one noun of an estate.
type listed[ID comparable, T any] struct {
	one  func(ctx context.Context, id ID) (T, error)
	page pageReader[T]
	idOf func(T) ID

	mu      sync.Mutex
	objects map[ID]T
	// singles are the reads of one object since the last change.
	singles int
	// cursor is that of the next page, and missing how many rows are behind it. missing is 0 before the first page.
	cursor  string
	missing int
	// ended says that there is no further page, or that listing has failed.
	ended bool
}

func (l *listed[ID, T]) get(ctx context.Context, id ID) (T, error) {
	if object, found := l.find(ctx, id); found {
		return object, nil
	}
	return l.one(ctx, id)
}

// find returns an object that was listed, after listing more when that is worth it.
func (l *listed[ID, T]) find(ctx context.Context, id ID) (T, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if object, found := l.objects[id]; found {
			return object, true
		}
		if !l.worthAPage() {
			l.singles++
			var none T
			return none, false
		}
		l.readPage(ctx)
	}
}

// worthAPage never spends more on pages than was spent on single objects, but for the first few.
func (l *listed[ID, T]) worthAPage() bool {
	pagesLeft := (l.missing + pageSize - 1) / pageSize
	return !l.ended && l.singles >= readsBeforeListing && pagesLeft <= l.singles
}

// readPage leaves it to single reads to say what is wrong with a gateway that does not list.
func (l *listed[ID, T]) readPage(ctx context.Context) {
	page, err := l.page(ctx, l.cursor)
	if err != nil {
		l.ended = true
		return
	}
	if l.objects == nil {
		l.objects, l.missing = make(map[ID]T, page.total), page.total
	}
	for _, object := range page.objects {
		l.objects[l.idOf(object)] = object
	}
	l.ended = page.next == "" || page.next == l.cursor
	l.cursor, l.missing = page.next, max(0, l.missing-page.rows)
}

func (l *listed[ID, T]) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.objects, l.singles, l.cursor, l.missing, l.ended = nil, 0, "", 0, false
}
