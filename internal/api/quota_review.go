package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// States of an approved review.
const (
	// ReviewApproved lets its changes through, each once.
	ReviewApproved = "approved"
	// ReviewWithdrawn lets nothing through any more.
	ReviewWithdrawn = "withdrawn"
)

// ReviewStates lists them.
var ReviewStates = []string{ReviewApproved, ReviewWithdrawn}

// What an approved change does to its object.
const (
	ChangeCreate     = "create"
	ChangeUpdate     = "update"
	ChangeDelete     = "delete"
	ChangeRotate     = "rotate"
	ChangeResetSpend = "reset_spend"
	// ChangeProtect is of Terraform's own protection from deletion. The gateway knows nothing of that, so it is in the hash and
	// held against by plans, and no request makes it.
	ChangeProtect = "protect"
)

// Protection is the attribute by which Terraform refuses to delete an object.
const Protection = "deletion_protection"

const (
	// MostApprovedChanges is how many changes one review may have.
	MostApprovedChanges = 10_000
	// DefaultReviewLife and LongestReviewLife are for how long a review lets its changes through.
	DefaultReviewLife = 7 * 24 * time.Hour
	LongestReviewLife = 92 * 24 * time.Hour

	maxReviewReason = 1000
)

// QuotaReview is a set of changes that somebody has approved. Who applies with its id changes these and nothing else.
type QuotaReview struct {
	QuotaReviewID string `json:"quota_review_id"`
	QuotaReviewFields
	// State is one of [ReviewStates].
	State string `json:"state"`
	// Hash is the SHA-256 of the changes, in hexadecimal: the same plan has the same.
	Hash string `json:"hash"`
	// Approver is the credential of who approved it; created_by names them.
	Approver Credential `json:"approver"`
	// ApproverRule is the rule of the gateway's file by which a workload approved it, "" for all else. It is never answered.
	ApproverRule string `json:"-"`
	// Total is how many changes it has that the gateway makes, and Used how many of them are made.
	Total int `json:"total"`
	Used  int `json:"used"`
	Record
}

// QuotaReviewFields are what somebody approves.
type QuotaReviewFields struct {
	// Changes are those that may be made, each once. Lists of reviews leave them out.
	Changes []ApprovedChange `json:"changes"`
	// PullRequest is the address of the pull or merge request that was agreed on, and Reason why, in words.
	PullRequest string `json:"pull_request"`
	Reason      string `json:"reason"`
	// ExpiresAt is when it lets nothing through any more; a week from now unless given.
	ExpiresAt time.Time `json:"expires_at"`
}

// ApprovedChange is one object before and after. It holds no secret.
type ApprovedChange struct {
	// Address is where the plan has it, such as bursar_team.marketing.
	Address string `json:"address"`
	// Noun is what is changed, as the audit log calls it: team, key, member, budget, model, alert_route, user or admin_key.
	Noun string `json:"noun"`
	// Action is create, update, delete, rotate, reset_spend, or protect for Terraform's deletion_protection.
	Action string `json:"action"`
	// Identity is what is known of the object's id, such as {"team_id": "marketing"}. The id of a new one may not be.
	Identity map[string]string `json:"identity"`
	// Before and After are the object's fields by the API's names. A null Before is any.
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
	// Open are the paths of fields that the plan does not know or tell, such as webhook.secret or model_rpm_limit["gpt-4.1"]: they
	// may become anything.
	Open []string `json:"open"`
	// Cascade says that what belongs to a deleted object goes with it: the keys and members of a team, the keys of a member.
	Cascade bool `json:"cascade"`
	// UsedAt is when the change was made. It is answered, never accepted.
	UsedAt *time.Time `json:"used_at"`
}

// QuotaReviewFilter selects reviews, newest first. An empty field does not restrict.
type QuotaReviewFilter struct {
	State string
	Limit int
}

// approvable are the objects that changes of a review are about, with the fields that they have.
var approvable = map[string][]reflect.Type{
	"team": {reflect.TypeFor[TeamFields]()},
	"key": {reflect.TypeFor[KeyFields](), reflect.TypeFor[struct {
		Duration *string `json:"duration"`
	}]()},
	"member":      {reflect.TypeFor[MemberFields]()},
	"budget":      {reflect.TypeFor[BudgetFields]()},
	"model":       {reflect.TypeFor[ModelFields]()},
	"alert_route": {reflect.TypeFor[AlertRouteFields]()},
	"user":        {},
	"admin_key": {reflect.TypeFor[AdminKeyFields](), reflect.TypeFor[struct {
		Duration *string `json:"duration"`
	}]()},
}

// ApprovableFields are the names of the fields that an approved change of such an object may have; nil for a noun that
// has none.
func ApprovableFields(noun string) []string {
	types, known := approvable[noun]
	if !known {
		return nil
	}
	names := []string{}
	for _, t := range types {
		for _, field := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !field.Anonymous && name != "" && name != "-" {
				names = append(names, name)
			}
		}
	}
	return names
}

// Makes is how many of the changes a request makes.
func (r QuotaReviewFields) Makes() (n int) {
	for _, change := range r.Changes {
		if change.Action != ChangeProtect {
			n++
		}
	}
	return n
}

// Validate says whether the review can be stored; the error names the field.
func (r QuotaReviewFields) Validate() error {
	v := newValidation()
	if len(r.Changes) == 0 || len(r.Changes) > MostApprovedChanges {
		v.fail("changes", "must be 1 to %d changes", MostApprovedChanges)
	}
	if HoldsUserinfo(r.PullRequest) || HoldsUserinfo(r.Reason) {
		v.fail("pull_request", "and reason must not hold an address with a user or password")
	}
	if len(r.PullRequest) > maxReviewReason || len(r.Reason) > maxReviewReason {
		v.fail("reason", "and pull_request have at most %d characters", maxReviewReason)
	}
	for i, change := range r.Changes {
		if err := change.validate(); err != "" {
			v.fail(fmt.Sprintf("changes[%d]", i), "%s", err)
			break // one tells enough: a program wrote them
		}
	}
	return v.err()
}

func (c ApprovedChange) validate() string {
	known := ApprovableFields(c.Noun)
	switch {
	case c.Address == "":
		return "has no address"
	case known == nil:
		return fmt.Sprintf("has the noun %q, which is none that can be approved", c.Noun)
	case !slices.Contains([]string{ChangeCreate, ChangeUpdate, ChangeDelete, ChangeRotate, ChangeResetSpend, ChangeProtect}, c.Action):
		return fmt.Sprintf("has the action %q, which is none that can be approved", c.Action)
	case !c.identifies():
		return "does not say which object it is about: identity names " + strings.Join(ownIDs[c.Noun], " and ")
	}
	for side, object := range map[string]json.RawMessage{"before": c.Before, "after": c.After} {
		var fields map[string]json.RawMessage
		if isNull(object) {
			continue
		}
		if err := json.Unmarshal(object, &fields); err != nil {
			return side + " must be an object or null"
		}
		if secret := secretIn(object); secret != "" {
			return fmt.Sprintf("has %q in %s, where a secret may stand; leave it out, and name its path in open", secret, side)
		}
		if path := oversizedIn(object); path != "" {
			return fmt.Sprintf("has a number in %s, %q, that no quota is: at most %d characters and an exponent of at most %d", side, path, longestNumber, largestExponent)
		}
		for name := range fields {
			if !slices.Contains(known, name) && !(c.Action == ChangeResetSpend && name == "spend") && !(c.Action == ChangeProtect && name == Protection) {
				return fmt.Sprintf("has %q in %s, which is no field of a %s", name, side, c.Noun)
			}
		}
	}
	return ""
}

// identifies says whether it is plain which object the change is about. The id of a new one may not be known.
func (c ApprovedChange) identifies() bool {
	_, known := wholeID(c.Noun, c.Identity)
	byMail := c.Noun == "member" && c.Identity["team_id"] != "" && c.Identity["user_email"] != ""
	return c.Action == ChangeCreate || c.Action == ChangeProtect || known || byMail
}

// Unsettled are the open fields that are no secrets: limits, prices and the like, which may become anything.
func (c ApprovedChange) Unsettled() []string {
	paths := []string{}
	for _, path := range c.Open {
		secret := slices.ContainsFunc(secretPaths, func(secret string) bool { return contains(secret, path) })
		if !secret && !(path == "expires" && leavesOf(c.After).known("duration")) {
			paths = append(paths, path)
		}
	}
	return paths
}

// secretPaths are the fields that may hold a secret, and addresses that open what is behind them.
var secretPaths = []string{
	"api_key", "webhook.url", "webhook.secret", "webhook.second_secret", "webhook.headers", "slack.url", "slack.token",
	"pagerduty.routing_key", "microsoft_teams.url", "email.smtp_password", "alertmanager.headers",
}

// secretIn is the path of a secret that an object holds, "" when it holds none.
func secretIn(object json.RawMessage) string {
	return found(object, func(path string, value any) bool {
		return slices.ContainsFunc(secretPaths, func(secret string) bool { return contains(secret, path) }) || HoldsUserinfo(value)
	})
}

// oversizedIn is the path of a number that no quota is, "" when there is none.
func oversizedIn(object json.RawMessage) string {
	return found(object, func(_ string, value any) bool {
		number, isNumber := value.(json.Number)
		if !isNumber {
			return false
		}
		_, ok := exactly(number)
		return !ok
	})
}

// found is the first path of an object whose value is such; what stands in a list stands where the list does.
func found(object json.RawMessage, such func(path string, value any) bool) string {
	plain, err := decodePlain(object)
	if err != nil {
		return ""
	}
	var look func(path string, value any) string
	look = func(path string, value any) string {
		switch held := value.(type) {
		case nil:
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(held)) {
				if at := look(FieldPath(path, name), held[name]); at != "" {
					return at
				}
			}
		case []any:
			for _, each := range held {
				if at := look(path, each); at != "" {
					return at
				}
			}
		default:
			if such(path, held) {
				return path
			}
		}
		return ""
	}
	return look("", plain)
}

// decodePlain reads JSON with numbers as they are written.
func decodePlain(text []byte) (plain any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&plain)
	return plain, err
}

func isNull(text json.RawMessage) bool {
	return len(text) == 0 || bytes.Equal(bytes.TrimSpace(text), []byte("null"))
}

// HashChanges is the SHA-256 of changes in hexadecimal, whatever order they come in.
func HashChanges(changes []ApprovedChange) (string, error) {
	lines := make([]string, len(changes))
	for i, change := range changes {
		change.UsedAt = nil
		encoded, err := json.Marshal(change)
		if err != nil {
			return "", fmt.Errorf("encode a change: %w", err)
		}
		plain, err := decodePlain(encoded)
		if err != nil {
			return "", fmt.Errorf("read a change: %w", err)
		}
		if encoded, err = json.Marshal(plain); err != nil { // the names of an object in order
			return "", fmt.Errorf("encode a change: %w", err)
		}
		lines[i] = string(encoded)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:]), nil
}

// Holds says why a review lets nothing through at a moment, nil when it does.
func (r QuotaReview) Holds(now time.Time) error {
	switch {
	case r.State == ReviewWithdrawn:
		return Errorf(NotApproved, "the approved review %q was withdrawn by %s at %s; have the plan approved again",
			r.QuotaReviewID, r.UpdatedBy, r.UpdatedAt.UTC().Format(time.RFC3339))
	case !r.ExpiresAt.After(now):
		return Errorf(NotApproved, "the approved review %q expired at %s; have the plan approved again",
			r.QuotaReviewID, r.ExpiresAt.UTC().Format(time.RFC3339))
	default:
		return nil
	}
}

// Note is what the audit log says of a change that the review let through.
func (r QuotaReview) Note() string {
	parts := []string{fmt.Sprintf("approved review %s by %s", r.QuotaReviewID, r.CreatedBy), r.PullRequest, r.Reason}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ", ")
}
