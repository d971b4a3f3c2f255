package api

import "time"

// StoredResponse is what the gateway remembers of a response that a provider keeps: whose it is, where it
// is, and how large a prompt it makes. Its content stays with the provider.
type StoredResponse struct {
	ID string
	// TeamID is "" for a key without a team; then the response is the key's alone.
	TeamID string
	KeyID  string
	// Model is the name that the client asked for.
	Model string
	// Deployment is where the response is kept.
	Deployment string
	// Tokens are those of the conversation up to and with this response.
	Tokens    int64
	CreatedAt time.Time
}
