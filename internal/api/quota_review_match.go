package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// MadeChange is a change that is made, or planned, for comparison with those that were approved.
type MadeChange struct {
	Noun, Action string
	// Identity is all that is known of the object's id.
	Identity map[string]string
	// Before and After are the object as JSON, by the API's names; nil for no object.
	Before, After json.RawMessage
	// At is when it is made; zero for one that is only planned.
	At time.Time
	// Unknown are the paths of fields that a plan does not know yet; they are judged when the change is made.
	Unknown []string
}

// Changes says whether anything is another one after than before. Only updates can change nothing.
func (m MadeChange) Changes() bool {
	if m.Action != ChangeUpdate {
		return true
	}
	before, after := leavesOf(m.Before), leavesOf(m.After)
	for _, path := range pathsOf(before, after) {
		if !m.kept(path) && !sameLeaf(path, before.at(path), after.at(path)) {
			return true
		}
	}
	return false
}

// Approved returns the place of the approved change that allows a made one. The error is a [NotApproved] that says what was
// approved, what came, and what to do. Of a change that goes with an approved deletion, the place is -1.
func (m MadeChange) Approved(review QuotaReview) (place int, err error) {
	var nearest, used *ApprovedChange
	var why string
	for i := range review.Changes {
		approved := &review.Changes[i]
		if m.goesWith(*approved) {
			return -1, nil
		}
		if !m.isAbout(*approved) {
			continue
		}
		if approved.UsedAt != nil {
			used = approved
			continue
		}
		difference := m.differs(*approved)
		if difference == "" {
			return i, nil
		}
		if nearest == nil {
			nearest, why = approved, difference
		}
	}
	const then = ". Nothing was changed. Plan again, have that plan reviewed and approved (bursar approve), and apply it with the new id"
	of := fmt.Sprintf("the approved review %q", review.QuotaReviewID)
	if review.PullRequest != "" {
		of += " (" + review.PullRequest + ")"
	}
	switch {
	case nearest != nil:
		return 0, Errorf(NotApproved, "%s is not what %s allows for %s: %s%s", m, of, nearest.Address, why, then)
	case used != nil:
		return 0, Errorf(NotApproved, "%s was approved once in %s, for %s, and made at %s%s", m, of, used.Address, used.UsedAt.UTC().Format(time.RFC3339), then)
	default:
		return 0, Errorf(NotApproved, "%s is not in %s%s", m, of, then)
	}
}

// String names the change for people: `update of team "marketing"`.
func (m MadeChange) String() string {
	ids := slices.Collect(maps.Values(m.Identity))
	slices.Sort(ids)
	if named := leavesOf(m.After); len(ids) == 0 {
		for _, name := range []string{"key_alias", "team_alias", "name"} {
			if text, ok := named.at(name).(string); ok {
				ids = append(ids, text)
			}
		}
	}
	return fmt.Sprintf("%s of %s %q", strings.ReplaceAll(m.Action, "_", " "), strings.ReplaceAll(m.Noun, "_", " "), strings.Join(ids, " "))
}

// isAbout says whether an approved change is about the same object and does the same to it.
func (m MadeChange) isAbout(approved ApprovedChange) bool {
	if m.Noun != approved.Noun || m.Action != approved.Action {
		return false
	}
	for name, id := range approved.Identity {
		if made, known := m.Identity[name]; known && !sameID(name, made, id) || !known && !m.At.IsZero() {
			return false
		}
	}
	return true
}

// sameID compares a part of an identity. An e-mail address is the same in capitals.
func sameID(name, a, b string) bool {
	return a == b || name == "user_email" && strings.EqualFold(a, b)
}

// goesWith says whether an object goes because another one may: the keys and members of a team, the keys of a member. Who
// is not known yet comes with being made a member.
func (m MadeChange) goesWith(approved ApprovedChange) bool {
	if m.Noun == "user" && m.Action == ChangeCreate {
		return approved.Noun == "member" && approved.Action == ChangeCreate && approved.UsedAt == nil && m.isBare(approved.Identity)
	}
	if m.Action != ChangeDelete || approved.Action != ChangeDelete || !approved.Cascade || approved.UsedAt != nil {
		return false
	}
	gone := leavesOf(m.Before)
	switch {
	case approved.Noun == "team" && (m.Noun == "key" || m.Noun == "member"):
		return gone.at("team_id") == approved.Identity["team_id"]
	case approved.Noun == "member" && m.Noun == "key":
		return gone.at("team_id") == approved.Identity["team_id"] && gone.at("user_id") == approved.Identity["user_id"]
	default:
		return false
	}
}

// isBare says whether a new user is the one that is named, and has no terms of its own.
func (m MadeChange) isBare(named map[string]string) bool {
	made := leavesOf(m.After)
	for path, value := range made {
		switch path {
		case "user_id", "user_email", "hard_cap", "revision", "created_at", "updated_at", "created_by", "updated_by":
		default:
			if !isEmpty(value) {
				return false
			}
		}
	}
	mail, _ := made.at("user_email").(string)
	id, wanted := named["user_id"], named["user_email"]
	return (id == "" || id == m.Identity["user_id"]) && (wanted == "" || strings.EqualFold(wanted, mail))
}

// differs says in what a change is another one than was approved, "" when it is the same.
func (m MadeChange) differs(approved ApprovedChange) string {
	was, becomes := leavesOf(m.Before), leavesOf(m.After)
	from, to := leavesOf(approved.Before), leavesOf(approved.After)
	for _, path := range pathsOf(was, becomes, from, to) {
		if _, identifies := approved.Identity[path]; identifies || m.kept(path) || within(approved.Open, path) || within(m.Unknown, path) {
			continue
		}
		var why string
		switch m.Action {
		case ChangeCreate:
			why = m.created(path, becomes, to)
		case ChangeUpdate, ChangeProtect:
			why = updated(path, was, becomes, from, to, isNull(approved.Before))
		case ChangeDelete:
			why = deleted(path, was, from)
		case ChangeResetSpend:
			why = other(path, "becomes", to.at(path), becomes.at(path))
		}
		if why != "" {
			return why
		}
	}
	return m.lives(becomes, to)
}

func (m MadeChange) created(path string, becomes, to leaves) string {
	if !to.known(path) && isZero(becomes.at(path)) || path == "duration" {
		return ""
	}
	return other(path, "is made with", to.at(path), becomes.at(path))
}

func updated(path string, was, becomes, from, to leaves, anyBefore bool) string {
	stays := sameLeaf(path, was.at(path), becomes.at(path))
	switch {
	case anyBefore && to.known(path):
		return other(path, "becomes", to.at(path), becomes.at(path))
	case stays && (anyBefore || sameLeaf(path, from.at(path), to.at(path))):
		return ""
	case !sameLeaf(path, from.at(path), was.at(path)):
		return other(path, "has moved since: it was", from.at(path), was.at(path))
	default:
		return other(path, "becomes", to.at(path), becomes.at(path))
	}
}

// deleted passes over what an emergency changes without the configuration.
func deleted(path string, was, from leaves) string {
	if !from.known(path) || path == "blocked" {
		return ""
	}
	return other(path, "has moved since: it was", from.at(path), was.at(path))
}

// lives says whether a new key lives for another time than was approved: only its end is stored.
func (m MadeChange) lives(becomes, to leaves) string {
	said, approved := to.at("duration").(string)
	if !approved || m.Action != ChangeCreate || m.At.IsZero() {
		return ""
	}
	span, err := ParseSpan(said)
	end, ends := becomes.at("expires").(string)
	at, unread := time.Parse(time.RFC3339, end)
	if err != nil || !ends || unread != nil {
		return fmt.Sprintf("duration is approved as %q and expires comes as %s", said, shown(becomes.at("expires")))
	}
	if off := at.Sub(span.AddTo(m.At)).Abs(); off > time.Hour {
		return fmt.Sprintf("duration is approved as %q and expires comes as %q", said, end)
	}
	return ""
}

func other(path, does string, approved, made any) string {
	if sameLeaf(path, approved, made) {
		return ""
	}
	return fmt.Sprintf("%s %s %s in the approved plan, and comes as %s", path, does, shown(approved), shown(made))
}

func shown(value any) string {
	if HoldsUserinfo(value) {
		return "an address with credentials"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "something"
	}
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(string(text[:most]), "") + "…"
	}
	return string(text)
}

// ownIDs are the fields that say which object it is.
var ownIDs = map[string][]string{
	"team": {"team_id"}, "key": {"key_id"}, "member": {"team_id", "user_id"}, "budget": {"budget_id"},
	"model": {"model_id"}, "alert_route": {"alert_route_id"}, "user": {"user_id"}, "admin_key": {"admin_key_id"},
}

// IdentityOf is the identity of an object whose id the audit log has; that of a member is of its two parts.
func IdentityOf(noun, objectID string) map[string]string {
	names := ownIDs[noun]
	identity := map[string]string{}
	if len(names) == 1 {
		identity[names[0]] = objectID
	}
	if team, user, found := strings.Cut(objectID, "#"); found && noun == "member" {
		identity["team_id"], identity["user_id"] = team, user
	}
	return identity
}

// kept says that a field of a stored object is its id or the gateway's own, and no part of what is approved.
func (m MadeChange) kept(path string) bool {
	return slices.Contains(ownIDs[m.Noun], path) || slices.Contains([]string{"revision", "declared_in", "key_name"}, path)
}
