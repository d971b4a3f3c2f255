package object

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// notable says whether there is something to tell of an object that no attribute shows.
func (c Connection) notable(kept api.Record) bool {
	return kept.BlockedAtOnce != nil || c.foreign(kept)
}

// foreign says whether another configuration has changed the object last.
func (c Connection) foreign(kept api.Record) bool {
	return kept.ManagedBy != nil && c.ManagedBy != nil && kept.ManagedBy.Differs(*c.ManagedBy)
}

// tell warns of what a plan does not show otherwise.
func (c Connection) tell(diags *diag.Diagnostics, what string, kept api.Record) {
	if c.foreign(kept) {
		diags.AddWarning("Two configurations manage one object", fmt.Sprintf(
			"%s was last changed from another configuration: %s. This one is %s. Each apply takes back what the other did: "+
				"remove it from one of them, with a removed block that does not destroy it.", what, kept.ManagedBy, c.ManagedBy))
	}
	if at := kept.BlockedAtOnce; at != nil {
		done, undo := "blocked", "Unblock"
		if at.Configured {
			done, undo = "let through", "Block"
		}
		diags.AddWarning("Changed at once", fmt.Sprintf("%s was %s by %s at %s: %s. The configuration says blocked = %t, and an apply leaves it as it is. "+
			"%s it on the gateway, or say blocked = %t here.", what, done, at.By, at.At.UTC().Format(time.RFC3339), at.Reason, at.Configured, undo, !at.Configured))
	}
}

// ConfiguredBlocked is what the configuration says of blocked, whatever was done at once.
func ConfiguredBlocked(kept api.Record, blocked bool) bool {
	if kept.BlockedAtOnce != nil {
		return kept.BlockedAtOnce.Configured
	}
	return blocked
}
