package auth

import (
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// BlockedKey returns the refusal of a key that was blocked.
func BlockedKey() *api.Error {
	return unauthenticated("Key is blocked. Update via `/key/unblock` if you're admin.")
}

// BlockedTeam returns the refusal of a key whose team was blocked.
func BlockedTeam(teamID string) *api.Error {
	return unauthenticated("Team=" + teamID + " is blocked. Update via `/team/unblock` if your admin.")
}

// ExpiredKey returns the refusal of a key whose time was over at the given moment.
func ExpiredKey(at time.Time) *api.Error {
	refusal := api.Errorf(api.ExpiredKey, "Authentication Error - Expired Key. Key Expiry time %s", at.UTC().Format(time.RFC3339))
	refusal.Status = http.StatusUnauthorized
	return refusal
}
