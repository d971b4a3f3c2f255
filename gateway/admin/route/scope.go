package route

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Target is something that a request is about: a team and, when it is a key, whose.
type Target struct {
	Team  string
	Key   bool
	KeyID string
	User  string
}

// Scope finds out what a request of a caller who is not over all teams is about. It may fill in what such a
// caller left out. Without a target, the handler looks at the caller's teams only, by itself.
type Scope func(c *Call) ([]Target, error)

// checkScope refuses callers of some teams what is about others.
func (r Route) checkScope(c *Call) error {
	if c.Caller.Role.Everywhere() || !r.Permission.OfTeams() {
		return nil
	}
	targets, err := r.Scope(c)
	if err != nil {
		return err
	}
	if c.Caller.Role == auth.RoleKey {
		return r.checkKeyCaller(c.Caller, targets)
	}
	for _, target := range targets {
		// A caller's own key is theirs to look at even when it is of no team.
		if own := target.Key && target.KeyID == c.Caller.KeyID && target.KeyID != ""; own && r.Permission == auth.TeamRead {
			continue
		}
		if !slices.Contains(c.Caller.Teams, target.Team) {
			return api.Errorf(api.Forbidden, "role %s may use %s for its own teams only", c.Caller.Role, r.Pattern())
		}
	}
	return nil
}

// checkKeyCaller says what a key for models may do: look at itself and its team, and for its user's keys in
// the team what the team permits its members.
func (r Route) checkKeyCaller(caller auth.Caller, targets []Target) error {
	permitted := slices.Contains(caller.Routes, permissionOf(r.Path))
	for _, target := range targets {
		switch {
		case target.Key && target.KeyID != "" && target.KeyID == caller.KeyID && r.Path == "/key/info":
		case !target.Key && slices.Contains(caller.Teams, target.Team) && (r.Path == "/team/info" || strings.HasPrefix(r.Path, "/quota_request/")):
		case target.Key && caller.UserID != "" && target.User == caller.UserID && slices.Contains(caller.Teams, target.Team) && permitted:
		default:
			return r.errNotPermitted(caller)
		}
	}
	if len(targets) == 0 && !permitted && r.Path != "/key/health" {
		return r.errNotPermitted(caller)
	}
	return nil
}

// permissionOf names a route as teams permit it: LiteLLM has one word for all ways to do the same.
func permissionOf(path string) string {
	switch path {
	case "/key/{key}/regenerate":
		return "/key/regenerate"
	case "/v2/key/info":
		return "/key/info"
	default:
		return path
	}
}

func (r Route) errNotPermitted(caller auth.Caller) error {
	return api.Errorf(api.MemberDenied,
		"Team member does not have permissions for endpoint: %s. You only have access to the following endpoints: %v, for your own keys in your team",
		r.Path, caller.Routes)
}

// Filtered is the scope of routes that look at the caller's teams only, by themselves.
func Filtered(*Call) ([]Target, error) { return nil, nil }

// TeamInQuery is the team that the address names.
func TeamInQuery(c *Call) ([]Target, error) {
	id, err := c.Required("team_id")
	return []Target{{Team: id}}, err
}

// TeamsInQuery are the teams that are asked for, or all of the caller's when none is.
func TeamsInQuery(c *Call) ([]Target, error) {
	teams := c.List("team_id", "team_ids")
	if len(teams) == 0 {
		teams = c.Caller.Teams
		c.Query.Set("team_ids", strings.Join(teams, ","))
	}
	if len(teams) == 0 {
		return nil, api.Errorf(api.Forbidden, "role %s sees what its teams used, and it has none", c.Caller.Role)
	}
	targets := make([]Target, len(teams))
	for i, team := range teams {
		targets[i].Team = team
	}
	return targets, nil
}

// TeamInBody is the team that the body names.
func TeamInBody(c *Call) ([]Target, error) {
	id, err := c.In.Peek("team_id")
	return []Target{{Team: id}}, err
}

// Peek reads a string that stays in the input; "" when left out or null.
func (in *Input) Peek(name string) (string, error) {
	raw, found := in.Fields[name]
	if !found {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", api.FieldErrorf(name, "must be a string")
	}
	return text, nil
}

// Given says whether a field is there and not null.
func (in *Input) Given(name string) bool {
	raw, found := in.Fields[name]
	return found && string(raw) != "null"
}

// Put fills a string in.
func (in *Input) Put(name, text string) {
	raw, err := json.Marshal(text)
	if err == nil {
		in.Fields[name] = raw
	}
}
