package foretell

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Who holds keys is not destroyed by accident: without force_destroy the apply is refused, and with it the keys go along. Either
// is told by the plan.

// Holder is who is to be destroyed: a team, or one of its members.
type Holder struct {
	TeamID string
	// UserID is the member's; empty for the team itself.
	UserID string
	// Forced says that keys may go along.
	Forced bool
}

func (h Holder) holds(key api.Key) bool {
	return h.UserID == "" || key.UserID != nil && *key.UserID == h.UserID
}

func (h Holder) noun() string {
	if h.UserID == "" {
		return "team"
	}
	return "team member"
}

// resource is the type of the holder's, and id the attribute that a key of the configuration refers to it by.
func (h Holder) resource() (resource, id string) {
	if h.UserID == "" {
		return "bursar_team", "team_id"
	}
	return "bursar_team_member", "user_id"
}

// keysOf are the keys of the holder, and what people call it; ok is false where nobody tells.
func (j *Judge) keysOf(ctx context.Context, by Holder, diags *diag.Diagnostics) (keys []api.Key, name string, ok bool) {
	info, err := j.client.GetTeam(ctx, by.TeamID)
	j.tell(diags, err)
	if err != nil {
		return nil, "", false
	}
	name = Name(info.TeamAlias, info.TeamID)
	if by.UserID != "" {
		name = by.UserID + " in " + name
	}
	return slices.DeleteFunc(info.Keys, func(key api.Key) bool { return !by.holds(key) }), name, true
}

// Replaced warns of a holder that becomes another one while it has keys: it is destroyed for that.
func (j *Judge) Replaced(ctx context.Context, by Holder, at path.Path, diags *diag.Diagnostics) {
	if j == nil || j.gaveUp() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	keys, name, ok := j.keysOf(ctx, by, diags)
	if !ok || len(keys) == 0 {
		return
	}
	resource, id := by.resource()
	move := fmt.Sprintf("To move keys of this configuration along, have their %s refer to the %s, as in %s = %s.NAME.%s, "+
		"and add lifecycle { create_before_destroy = true } to the %s.", id, by.noun(), id, resource, id, by.noun())
	if by.Forced {
		diags.AddAttributeWarning(at,
			fmt.Sprintf("%s has %d key(s), so changing its %s deletes them without create_before_destroy", name, len(keys), at),
			fmt.Sprintf("Another %s is another %s: this one is destroyed, with force_destroy = true together with its keys, and programs that use them stop: %s.\n\n%s",
				at, by.noun(), KeyNames(keys), move))
		return
	}
	diags.AddAttributeWarning(at,
		fmt.Sprintf("%s has %d key(s), so changing its %s fails without create_before_destroy", name, len(keys), at),
		fmt.Sprintf("Another %s is another %s: this one is destroyed, which is refused while it has keys: %s.\n\n"+
			"%s To delete the keys with the %s, apply force_destroy = true first. Keys that this same plan destroys are in nobody's way.",
			at, by.noun(), KeyNames(keys), move, by.noun()))
}

// leftFor is how long a plan of a destroy waits for those of the keys: Terraform plans what is no longer in the
// configuration in no order.
const leftFor = time.Second

// KeysLeft warns of a holder that is to be destroyed while it has keys that the plan does not destroy.
func (j *Judge) KeysLeft(ctx context.Context, by Holder, diags *diag.Diagnostics) {
	if !j.Asks() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	keys, name, ok := j.keysOf(ctx, by, diags)
	if !ok {
		return
	}
	for until := time.Now().Add(leftFor); ; {
		keys = slices.DeleteFunc(keys, func(key api.Key) bool { return j.isDestroyed(KeyClaim(key.KeyID)) })
		if len(keys) == 0 {
			return
		}
		if time.Now().After(until) {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(leftFor / 50):
		}
	}
	if by.Forced {
		diags.AddWarning(
			fmt.Sprintf("%s takes %d key(s) along that this plan does not name", name, len(keys)),
			fmt.Sprintf("It has force_destroy = true, so they are deleted with it, and programs that use them stop: %s.", KeyNames(keys)))
		return
	}
	resource, id := by.resource()
	diags.AddWarning(
		fmt.Sprintf("%s has %d key(s) that this plan does not destroy, so destroying it will be refused", name, len(keys)),
		fmt.Sprintf("Programs that use them would stop: %s.\n\nDelete or move the keys first, or apply force_destroy = true on the %s to delete them with it. "+
			"Keys of this configuration are destroyed or moved before the %s when their %s refers to it, as in %s = %s.NAME.%s.",
			KeyNames(keys), by.noun(), by.noun(), id, id, resource, id))
}

// KeyNames names the first of some keys for people.
func KeyNames(keys []api.Key) string {
	const most = 5
	names := make([]string, 0, most+1)
	for i, key := range keys {
		if i == most {
			names = append(names, "…")
			break
		}
		name := key.KeyID
		if key.KeyAlias != nil {
			name += " (" + *key.KeyAlias + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
