package api

// Change says on whose behalf, from where and why something is written. It ends up in the audit log.
type Change struct {
	// Actor is the person or program; see [HeaderActor].
	Actor string
	// Credential is what the request came with, whoever it names as its actor.
	Credential Credential
	// Address is the network address the request came from.
	Address string
	// Reason is free text; see [HeaderChangeReason].
	Reason string
	// RequestID is that of the admin request; see [HeaderRequestID].
	RequestID string
	// UserAgent is the program that sent the request, as it names itself.
	UserAgent string
	// ManagedBy is the configuration that the change comes from, nil for none; see [HeaderManagedBy].
	ManagedBy *ManagedBy
	// Review is the approved review that the change is part of, "" for none; see [HeaderApprovedReview].
	Review string
	// Released says that the object is of no configuration any more.
	Released bool
}

// Once makes a create repeatable; see [HeaderIdempotencyKey]. The zero value does not.
type Once struct {
	// Key is the caller's, at most 255 characters.
	Key string
	// Fingerprint tells requests apart that carry the same key: a hash of method, path and body.
	Fingerprint []byte
}
