package admin

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// target is something that a request is about: a team and, when it is a key, whose.
type target struct {
	team  string
	key   bool
	keyID string
	user  string
}

// scope finds out what a request of a caller who is not over all teams is about. It may fill in what such a
// caller left out. Without a target, the handler looks at the caller's teams only, by itself.
type scope func(s *Server, c *call) ([]target, error)

// scopes are those of the routes whose permission can be had for some teams. A route that stands here
// without one is a gateway that does not start.
var scopes = map[string]scope{
	"GET /team/info":    teamInQuery,
	"GET /team/list":    filtered,
	"GET /v2/team/list": filtered,

	"POST /team/member_add":         teamInBody,
	"POST /team/bulk_member_add":    teamInBody,
	"POST /team/member_update":      teamInBody,
	"POST /team/member_delete":      teamInBody,
	"GET /team/permissions_list":    teamInQuery,
	"POST /team/permissions_update": teamInBody,
	"GET /team/available":           filtered,

	"GET /usage":               teamsInQuery,
	"GET /team/daily/activity": teamsInQuery,

	"POST /key/generate":                 newKeyInBody,
	"POST /key/service-account/generate": newKeyInBody,
	"GET /key/info":                      keyInQuery,
	"POST /v2/key/info":                  keysInBody,
	"POST /key/health":                   filtered,
	"GET /key/list":                      filtered,
	"POST /key/update":                   changedKeyInBody,
	"POST /key/delete":                   keysInBody,
	"POST /key/block":                    keyInBody,
	"POST /key/unblock":                  keyInBody,
	"POST /key/rotate":                   keyInBody,
	"POST /key/regenerate":               keyInBody,
	"POST /key/{key}/regenerate":         keyInBody,
}

// checkScope refuses callers of some teams what is about others.
func (s *Server) checkScope(route Route, c *call) error {
	if c.caller.Role.Everywhere() || !route.Permission.OfTeams() {
		return nil
	}
	targets, err := scopes[route.Pattern()](s, c)
	if err != nil {
		return err
	}
	if c.caller.Role == auth.RoleKey {
		return checkKeyCaller(route, c.caller, targets)
	}
	for _, target := range targets {
		// A caller's own key is theirs to look at even when it is of no team.
		if own := target.key && target.keyID == c.caller.KeyID && target.keyID != ""; own && route.Permission == auth.TeamRead {
			continue
		}
		if !slices.Contains(c.caller.Teams, target.team) {
			return errOtherTeam(route, c.caller)
		}
	}
	return nil
}

func errOtherTeam(route Route, caller auth.Caller) error {
	return api.Errorf(api.Forbidden, "role %s may use %s for its own teams only", caller.Role, route.Pattern())
}

// checkKeyCaller says what a key for models may do: look at itself and its team, and for its user's keys in
// the team what the team permits its members.
func checkKeyCaller(route Route, caller auth.Caller, targets []target) error {
	permitted := slices.Contains(caller.Routes, permissionOf(route.Path))
	for _, target := range targets {
		switch {
		case target.key && target.keyID != "" && target.keyID == caller.KeyID && route.Path == "/key/info":
		case !target.key && slices.Contains(caller.Teams, target.team) && route.Path == "/team/info":
		case target.key && caller.UserID != "" && target.user == caller.UserID && slices.Contains(caller.Teams, target.team) && permitted:
		default:
			return errNotPermitted(route, caller)
		}
	}
	if len(targets) == 0 && !permitted && route.Path != "/key/health" {
		return errNotPermitted(route, caller)
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

func errNotPermitted(route Route, caller auth.Caller) error {
	return api.Errorf(api.MemberDenied,
		"Team member does not have permissions for endpoint: %s. You only have access to the following endpoints: %v, for your own keys in your team",
		route.Path, caller.Routes)
}

func filtered(*Server, *call) ([]target, error) { return nil, nil }

func teamInQuery(_ *Server, c *call) ([]target, error) {
	id, err := c.required("team_id")
	return []target{{team: id}}, err
}

// teamsInQuery are the teams that are asked for, or all of the caller's when none is.
func teamsInQuery(_ *Server, c *call) ([]target, error) {
	teams := c.list("team_id", "team_ids")
	if len(teams) == 0 {
		teams = c.caller.Teams
		c.query.Set("team_ids", strings.Join(teams, ","))
	}
	if len(teams) == 0 {
		return nil, api.Errorf(api.Forbidden, "role %s sees what its teams used, and it has none", c.caller.Role)
	}
	targets := make([]target, len(teams))
	for i, team := range teams {
		targets[i].team = team
	}
	return targets, nil
}

func teamInBody(_ *Server, c *call) ([]target, error) {
	id, err := c.in.peek("team_id")
	return []target{{team: id}}, err
}

func keyInQuery(s *Server, c *call) ([]target, error) {
	name := c.query.Get("key")
	if name == "" {
		name = c.caller.KeyID
	}
	return s.targets(c, name)
}

func keyInBody(s *Server, c *call) ([]target, error) {
	name := c.request.PathValue("key")
	if name != "" {
		return s.targets(c, name)
	}
	name, err := c.in.peek("key")
	if err != nil {
		return nil, err
	}
	return s.targets(c, name)
}

// keysInBody are all keys that a request names, by secret, id or alias.
func keysInBody(s *Server, c *call) ([]target, error) {
	var names, aliases []string
	if json.Unmarshal(c.in.fields["keys"], &names) != nil && c.in.has("keys") {
		return nil, api.FieldErrorf("keys", "must be a list of strings")
	}
	if json.Unmarshal(c.in.fields["key_aliases"], &aliases) != nil && c.in.has("key_aliases") {
		return nil, api.FieldErrorf("key_aliases", "must be a list of strings")
	}
	ids, err := s.idsOf(c, names, aliases)
	if api.CodeOf(err) == api.NotFound {
		return []target{nobodys}, nil
	}
	if err != nil {
		return nil, err
	}
	return s.targets(c, ids...)
}

// changedKeyInBody is a key as it is and as it is to be.
func changedKeyInBody(s *Server, c *call) ([]target, error) {
	targets, err := keyInBody(s, c)
	if err != nil {
		return nil, err
	}
	for _, field := range []string{"team_id", "user_id"} {
		if !c.in.has(field) {
			continue
		}
		value, err := c.in.peek(field)
		if err != nil {
			return nil, err
		}
		moved := targets[0]
		if field == "team_id" {
			moved.team, moved.keyID = value, ""
		} else {
			moved.user, moved.keyID = value, ""
		}
		targets = append(targets, moved)
	}
	return spokenFor(c, targets)
}

// newKeyInBody is a key that is to be made. Left out, its team is the caller's only one and its user, if the
// caller is a key, the caller.
func newKeyInBody(_ *Server, c *call) ([]target, error) {
	if !c.in.given("team_id") && len(c.caller.Teams) == 1 {
		c.in.put("team_id", c.caller.Teams[0])
	}
	if !c.in.given("user_id") && c.caller.Role == auth.RoleKey && c.caller.UserID != "" {
		c.in.put("user_id", c.caller.UserID)
	}
	team, err := c.in.peek("team_id")
	if err != nil {
		return nil, err
	}
	user, err := c.in.peek("user_id")
	if err != nil {
		return nil, err
	}
	return spokenFor(c, []target{{team: team, key: true, user: user}})
}

// spokenFor adds the teams that a key is to speak for: who may let it must be over them as well.
func spokenFor(c *call, targets []target) ([]target, error) {
	var teams []string
	if raw, given := c.in.fields["speak_for_teams"]; given && json.Unmarshal(raw, &teams) != nil {
		return nil, api.FieldErrorf("speak_for_teams", "must be a list of strings")
	}
	for _, team := range teams {
		targets = append(targets, target{team: team, key: true})
	}
	return targets, nil
}

// nobodys stands for a key that is not there. It is of no caller's team: whether a key of others exists is not told.
var nobodys = target{key: true}

// targets are the keys with these names.
func (s *Server) targets(c *call, names ...string) ([]target, error) {
	var targets []target
	for _, name := range names {
		if name == "" {
			return nil, api.FieldErrorf("key", "is required")
		}
		key, err := s.keyNamed(c.ctx(), name)
		if api.CodeOf(err) == api.NotFound {
			targets = append(targets, nobodys)
			continue
		}
		if err != nil {
			return nil, err
		}
		found := target{key: true, keyID: key.KeyID}
		if key.TeamID != nil {
			found.team = *key.TeamID
		}
		if key.UserID != nil {
			found.user = *key.UserID
		}
		targets = append(targets, found)
	}
	return targets, nil
}

// peek reads a string that stays in the input; "" when left out or null.
func (in *input) peek(name string) (string, error) {
	raw, found := in.fields[name]
	if !found {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", api.FieldErrorf(name, "must be a string")
	}
	return text, nil
}

// given says whether a field is there and not null.
func (in *input) given(name string) bool {
	raw, found := in.fields[name]
	return found && string(raw) != "null"
}

// put fills a string in.
func (in *input) put(name, text string) {
	raw, err := json.Marshal(text)
	if err == nil {
		in.fields[name] = raw
	}
}
