package api

import "strings"

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

// ReservedActor says whether nobody may call themselves so in the audit log: it is the name of the configuration's
// admin key or of a key, or written as a name with a claim behind it.
func ReservedActor(name string) bool {
	return strings.EqualFold(name, RootCredentialID) || strings.HasPrefix(strings.ToLower(name), "key ") || strings.Contains(name, " (")
}
