package review

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var adminKeyKind = &kind{
	resource: "bursar_admin_key", noun: "admin key", id: "admin_key_id",
	attributes: join([]attribute{
		{path: "role", format: plain, none: "none", loosens: promoted, says: "may do other things"},
		{path: "team_ids", format: names, none: "no team", loosens: granted("is for more teams")},
		{path: "duration", format: plain, none: "for ever", loosens: opened("never expires"), says: "expires at another time"},
		{path: "expires", format: plain, none: "never", loosens: opened("never expires"), says: "expires at another time"},
		{path: "key_wo_version", format: plain, none: "none", ordinal: true, says: "gets another secret"},
		{path: "rotation_grace", format: plain, none: "none", says: "old secrets stop at another time after a rotation"},
		{path: "admin_key_alias", format: plain, none: "none", says: "has another name"},
	}, protection),
	without: map[string]string{
		"admin_key_id": "is told by the gateway",
		"created_at":   "is told by the gateway",
		"key_name":     "is told by the gateway",
		"key_wo":       "is never in a plan; a new one shows by `key_wo_version`",
	},
	deleted:  "deleted: it opens the admin API no more",
	replaced: "replaced by a new admin key: the old secret stops working",
	bare:     "opens the admin API",
	born:     "opens the admin API",
}

// promoted is the effect of a role: one that may do more than before needs approval.
func promoted(d difference) loosening {
	before, after := slices.Index(api.Roles, d.old.text()), slices.Index(api.Roles, d.new.text())
	switch {
	case d.new.unknown || d.new.sensitive:
		return unmeasured(notKnown)
	case after >= 0 && (before < 0 || after < before):
		return unmeasured("may do more")
	default:
		return loosening{}
	}
}
