package admin

import (
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Which keys, and so which teams, a request is about.

func (s *Server) keyInQuery(c *route.Call) ([]route.Target, error) {
	name := c.Query.Get("key")
	if name == "" {
		name = c.Caller.KeyID
	}
	return s.targets(c, name)
}

func (s *Server) keyInBody(c *route.Call) ([]route.Target, error) {
	name := c.Request.PathValue("key")
	if name != "" {
		return s.targets(c, name)
	}
	name, err := c.In.Peek("key")
	if err != nil {
		return nil, err
	}
	return s.targets(c, name)
}

// keysInBody are all keys that a request names, by secret, id or alias.
func (s *Server) keysInBody(c *route.Call) ([]route.Target, error) {
	var names, aliases []string
	if json.Unmarshal(c.In.Fields["keys"], &names) != nil && c.In.Has("keys") {
		return nil, api.FieldErrorf("keys", "must be a list of strings")
	}
	if json.Unmarshal(c.In.Fields["key_aliases"], &aliases) != nil && c.In.Has("key_aliases") {
		return nil, api.FieldErrorf("key_aliases", "must be a list of strings")
	}
	ids, err := s.idsOf(c, names, aliases)
	if api.CodeOf(err) == api.NotFound {
		return []route.Target{nobodys}, nil
	}
	if err != nil {
		return nil, err
	}
	return s.targets(c, ids...)
}

// changedKeyInBody is a key as it is and as it is to be.
func (s *Server) changedKeyInBody(c *route.Call) ([]route.Target, error) {
	targets, err := s.keyInBody(c)
	if err != nil {
		return nil, err
	}
	for _, field := range []string{"team_id", "user_id"} {
		if !c.In.Has(field) {
			continue
		}
		value, err := c.In.Peek(field)
		if err != nil {
			return nil, err
		}
		moved := targets[0]
		if field == "team_id" {
			moved.Team, moved.KeyID = value, ""
		} else {
			moved.User, moved.KeyID = value, ""
		}
		targets = append(targets, moved)
	}
	return spokenFor(c, targets)
}

// newKeyInBody is a key that is to be made. Left out, its team is the caller's only one and its user, if the
// caller is a key, the caller.
func (s *Server) newKeyInBody(c *route.Call) ([]route.Target, error) {
	if !c.In.Given("team_id") && len(c.Caller.Teams) == 1 {
		c.In.Put("team_id", c.Caller.Teams[0])
	}
	if !c.In.Given("user_id") && c.Caller.Role == auth.RoleKey && c.Caller.UserID != "" {
		c.In.Put("user_id", c.Caller.UserID)
	}
	team, err := c.In.Peek("team_id")
	if err != nil {
		return nil, err
	}
	user, err := c.In.Peek("user_id")
	if err != nil {
		return nil, err
	}
	return spokenFor(c, []route.Target{{Team: team, Key: true, User: user}})
}

// spokenFor adds the teams that a key is to speak for: who may let it must be over them as well.
func spokenFor(c *route.Call, targets []route.Target) ([]route.Target, error) {
	var teams []string
	if raw, given := c.In.Fields["speak_for_teams"]; given && json.Unmarshal(raw, &teams) != nil {
		return nil, api.FieldErrorf("speak_for_teams", "must be a list of strings")
	}
	for _, team := range teams {
		targets = append(targets, route.Target{Team: team, Key: true})
	}
	return targets, nil
}

// nobodys stands for a key that is not there. It is of no caller's Team: whether a key of others exists is not told.
var nobodys = route.Target{Key: true}

// deletedKey is whose a key was that is there no longer, so that its team is told that it is gone; nobody's if it was never
// there. Only ids are found so.
func (s *Server) deletedKey(c *route.Call, id string) (route.Target, error) {
	if len(c.Caller.Teams) == 0 {
		return nobodys, nil
	}
	deletions, err := s.record.AuditPage(c.Context(), api.AuditFilter{Action: "key.delete", ObjectID: id, Limit: 1})
	if err != nil || len(deletions) == 0 {
		return nobodys, err
	}
	var was struct {
		TeamID string `json:"team_id"`
		UserID string `json:"user_id"`
	}
	if err := json.Unmarshal(deletions[0].Before, &was); err != nil {
		return nobodys, nil //nolint:nilerr // of a form that is not read any more
	}
	return route.Target{Key: true, Team: was.TeamID, User: was.UserID}, nil
}

// targets are the keys with these names.
func (s *Server) targets(c *route.Call, names ...string) ([]route.Target, error) {
	var targets []route.Target
	for _, name := range names {
		if name == "" {
			return nil, api.FieldErrorf("key", "is required")
		}
		key, err := s.findKey(c.Context(), name)
		if api.CodeOf(err) == api.NotFound {
			gone, err := s.deletedKey(c, name)
			if err != nil {
				return nil, err
			}
			targets = append(targets, gone)
			continue
		}
		if err != nil {
			return nil, err
		}
		found := route.Target{Key: true, KeyID: key.KeyID}
		if key.TeamID != nil {
			found.Team = *key.TeamID
		}
		if key.UserID != nil {
			found.User = *key.UserID
		}
		targets = append(targets, found)
	}
	return targets, nil
}
