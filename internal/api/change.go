package api

import (
	"encoding/json"
	"strings"
	"time"
	"unicode"
)

// Change says on whose behalf, from where and why something is written. It ends up in the audit log.
type Change struct {
	// Actor is the person or program; see [HeaderActor].
	Actor string
	// Credential is what the request came with, whoever it names as its actor.
	Credential Credential
	// Rule is the rule of the gateway's file that let a workload in, "" for all else. Its credential is another one on each branch.
	Rule string
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

// Kinds of credentials that open the admin API.
const (
	// CredentialRoot is the admin key of the configuration.
	CredentialRoot = "root_key"
	// CredentialAdminKey is an admin key made through the API, CredentialKey a key that also calls models.
	CredentialAdminKey = "admin_key"
	CredentialKey      = "key"
	// CredentialPerson is somebody with a token of the identity provider.
	CredentialPerson = "person"
	// CredentialWorkload is a pipeline or another program with a token of the platform that it runs on.
	CredentialWorkload = "workload"
)

// RootCredentialID is the id of the configuration's admin key, as it has none of its own.
const RootCredentialID = "admin"

// Credential is what a caller came with. Its id is given once and never to another: names can be claimed, ids cannot.
type Credential struct {
	// Kind is one of the kinds of credentials; empty is the gateway itself.
	Kind string `json:"kind"`
	// ID is that of the key, "admin" for the key of the configuration, and issuer#subject for a person or a workload.
	ID string `json:"id"`
}

// IsZero says whether nobody is named.
func (c Credential) IsZero() bool { return c == Credential{} }

// PersonCredential names the person that an issuer calls by the subject. No issuer's address holds a "#".
func PersonCredential(issuer, subject string) Credential {
	return Credential{Kind: CredentialPerson, ID: issuer + "#" + subject}
}

// WorkloadCredential names the workload that an issuer calls by the subject.
func WorkloadCredential(issuer, subject string) Credential {
	return Credential{Kind: CredentialWorkload, ID: issuer + "#" + subject}
}

// ActorName is a name as the audit log writes it, and compares it: what is not seen does not tell two names apart. Runs of blanks are one,
// characters without a shape go, and wide letters are the usual ones. Letters of other scripts that look alike stay.
func ActorName(name string) string {
	const wide, usual, last = '\uff01', '!', '\uff5e' // Unicode's Halfwidth and Fullwidth Forms have ASCII's order
	seen := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		case r >= wide && r <= last:
			return r - wide + usual
		default:
			return r
		}
	}, name)
	return strings.Join(strings.Fields(seen), " ")
}

// ReservedActor says whether nobody may call themselves so in the audit log: it is the name of the configuration's
// admin key or of a key, or written as a name with a claim behind it.
func ReservedActor(name string) bool {
	name = ActorName(name)
	return strings.EqualFold(name, RootCredentialID) || strings.HasPrefix(strings.ToLower(name), "key ") || strings.Contains(name, " (")
}

// HeaderManagedBy says, with a change, what program keeps the object as a configuration has it: a [ManagedBy] as JSON,
// or [ReleasedObject].
const HeaderManagedBy = "X-Bursar-Managed-By"

// ReleasedObject as the value of [HeaderManagedBy] says that no configuration has the object any more.
const ReleasedObject = "nobody"

// ManagedBy is the configuration that an object is kept by. What is not known of it is empty.
type ManagedBy struct {
	// Program is that which applies it, such as "terraform".
	Program string `json:"program"`
	// Workspace is Terraform's, and Repository where the configuration is kept, such as "acme/llm-quotas".
	Workspace  string `json:"workspace,omitempty"`
	Repository string `json:"repository,omitempty"`
	// Address is where people change it, such as "https://github.com/acme/llm-quotas".
	Address string `json:"address,omitempty"`
}

// BlockedAtOnce is kept with an object of a configuration that somebody has blocked, or let through, without it.
type BlockedAtOnce struct {
	// Configured is what the configuration says of blocked.
	Configured bool      `json:"configured"`
	By         string    `json:"by"`
	At         time.Time `json:"at"`
	Reason     string    `json:"reason"`
}

// maxManagedBy bounds each part of a [ManagedBy], in bytes.
const maxManagedBy = 512

// ParseManagedBy reads [HeaderManagedBy]; it returns nil for an empty one.
func ParseManagedBy(header string) (*ManagedBy, error) {
	if header == "" || header == ReleasedObject {
		return nil, nil //nolint:nilnil // nobody manages it
	}
	decoder := json.NewDecoder(strings.NewReader(header))
	decoder.DisallowUnknownFields()
	var by ManagedBy
	if err := decoder.Decode(&by); err != nil || by.Program == "" || decoder.More() {
		return nil, FieldErrorf(HeaderManagedBy, `must be %q or JSON such as {"program":"terraform","workspace":"…","repository":"…","address":"…"}`, ReleasedObject)
	}
	for _, part := range []string{by.Program, by.Workspace, by.Repository, by.Address} {
		if len(part) > maxManagedBy || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, FieldErrorf(HeaderManagedBy, "has a part that is longer than %d bytes or holds control characters", maxManagedBy)
		}
	}
	return &by, nil
}

// String is the configuration for people.
func (m ManagedBy) String() string {
	var parts []string
	if m.Workspace != "" {
		parts = append(parts, "workspace "+m.Workspace)
	}
	if m.Repository != "" {
		parts = append(parts, "repository "+m.Repository)
	}
	if m.Address != "" {
		parts = append(parts, m.Address)
	}
	if len(parts) == 0 {
		return m.Program
	}
	return m.Program + ", " + strings.Join(parts, ", ")
}

// Differs says whether two configurations are known to be different ones.
func (m ManagedBy) Differs(other ManagedBy) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(m.Program, other.Program) || differ(m.Workspace, other.Workspace) || differ(m.Repository, other.Repository)
}
