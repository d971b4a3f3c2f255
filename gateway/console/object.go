package console

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
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
	teamID, userID, known := memberOf(id)
	if !known {
		return object{}, errNoPage()
	}
	member, err := record.Member(ctx, teamID, userID)
	return object{value: member, name: userID + " in " + teamID, record: member.Record, teamID: teamID}, err
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
func (s *Server) find(ctx context.Context, in *session, kind noun, id string) (object, error) {
	found, err := kind.find(ctx, s.Record, id)
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

// memberID is the id of a membership in forms and links.
func memberID(teamID, userID string) string {
	return url.PathEscape(teamID) + "/" + url.PathEscape(userID)
}

// memberOf takes it apart.
func memberOf(id string) (teamID, userID string, known bool) {
	team, user, known := strings.Cut(id, "/")
	teamID, teamErr := url.PathUnescape(team)
	userID, userErr := url.PathUnescape(user)
	return teamID, userID, known && teamErr == nil && userErr == nil
}

func memberNamed(id string) map[string]any {
	teamID, userID, _ := memberOf(id)
	return map[string]any{"team_id": teamID, "user_id": userID}
}

func pageOfMember(id string) string {
	teamID, _, _ := memberOf(id)
	return pageOf("team")(teamID)
}
