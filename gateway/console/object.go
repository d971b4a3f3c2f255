package console

import (
	"context"
	"net/url"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// object is one object that can be changed, with what forms need of it.
type object struct {
	value      any
	name       string
	record     api.Record
	declaredIn string
	// teamID is the team whose admins may see it, ownerID and keyID say whose key it is; "" is nobody.
	teamID, ownerID, keyID string
}

// finders are those of each kind.
var finders = findersOf()

func findersOf() map[string]finder {
	all := map[string]finder{
		form.Team.Name: findTeam, form.Key.Name: findKey, form.Budget.Name: findBudget, form.Member.Name: findMember, form.User.Name: findUser, form.Model.Name: findModel,
	}
	for _, kind := range form.AlertRoutes {
		all[kind.Name] = findAlertRoute
	}
	return all
}

// finder reads an object by its id. Error: [api.NotFound].
type finder func(ctx context.Context, record Record, id string) (object, error)

func findTeam(ctx context.Context, record Record, id string) (object, error) {
	team, err := record.Team(ctx, id)
	return object{value: team, name: nameOf(team.TeamAlias, id), record: team.Record, declaredIn: team.DeclaredIn, teamID: id}, err
}

func findKey(ctx context.Context, record Record, id string) (object, error) {
	key, err := record.Key(ctx, id)
	return object{
		value: key, name: nameOf(key.KeyAlias, id), record: key.Record, declaredIn: key.DeclaredIn,
		teamID: valueOr(key.TeamID, ""), ownerID: valueOr(key.UserID, ""), keyID: key.KeyID,
	}, err
}

func findBudget(ctx context.Context, record Record, id string) (object, error) {
	budget, err := record.Budget(ctx, id)
	return object{value: budget, name: id, record: budget.Record, declaredIn: budget.DeclaredIn}, err
}

func findMember(ctx context.Context, record Record, id string) (object, error) {
	teamID, userID, known := form.MemberOf(id)
	if !known {
		return object{}, errNoPage()
	}
	member, err := record.Member(ctx, teamID, userID)
	return object{value: member, name: userID + " in " + teamID, record: member.Record, teamID: teamID}, err
}

func findUser(ctx context.Context, record Record, id string) (object, error) {
	user, err := record.User(ctx, id)
	return object{value: user, name: nameOf(user.UserAlias, id), record: user.Record}, err
}

func findModel(ctx context.Context, record Record, id string) (object, error) {
	model, err := record.Model(ctx, id)
	return object{value: model, name: model.Name, record: model.Record, declaredIn: model.DeclaredIn}, err
}

func findAlertRoute(ctx context.Context, record Record, id string) (object, error) {
	route, err := record.AlertRoute(ctx, id)
	return object{value: route, name: route.Name, record: route.Record, declaredIn: route.DeclaredIn}, err
}

// find reads an object that the caller may see.
func (s *Server) find(ctx context.Context, in *session, kind form.Noun, id string) (object, error) {
	found, err := finders[kind.Name](ctx, s.Record, id)
	if err != nil {
		return found, missing(err)
	}
	if found.keyID != "" {
		if in.caller.Owns(found.keyID, found.ownerID) {
			return found, nil
		}
		if in.caller.Role == auth.RoleKey {
			return found, errNoPage()
		}
	}
	if !in.caller.Role.Everywhere() && !slices.Contains(in.caller.Teams, found.teamID) {
		return found, errNoPage()
	}
	return found, nil
}

func nameOf(alias *string, id string) string {
	if alias != nil && *alias != "" {
		return *alias
	}
	return id
}

// missing makes what is not there and what is not the caller's one.
func missing(err error) error {
	if api.CodeOf(err) == api.NotFound {
		return errNoPage()
	}
	return err
}

// pathOf is where an object is shown once it was changed.
func pathOf(kind form.Noun, id string) string {
	switch kind.Name {
	case form.Team.Name, form.Key.Name:
		return Root + kind.Name + "?done=1&id=" + url.QueryEscape(id)
	case form.Member.Name:
		teamID, _, _ := form.MemberOf(id)
		return pathOf(form.Team, teamID)
	case form.Budget.Name, form.User.Name, form.Model.Name:
		return Root + kind.Name + "s?done=1"
	default:
		return Root + "alerts?done=1"
	}
}
