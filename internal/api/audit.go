package api

import (
	"encoding/json"
	"time"
)

// Audit is one change of one object, in the order the changes were made.
type Audit struct {
	// Seq counts the changes of the gateway from 1 without a gap.
	Seq   int64     `json:"seq"`
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	// CredentialKind and CredentialID say what the request came with, whoever it names as its actor: the
	// admin key of the configuration, an admin_key, a key, or a person by issuer#subject. They are empty for what
	// the gateway did by itself, and for changes that were made before they were kept.
	CredentialKind string `json:"credential_kind"`
	CredentialID   string `json:"credential_id"`
	Address        string `json:"address"`
	Reason         string `json:"reason"`
	RequestID      string `json:"request_id"`
	// UserAgent is the program that made the change, as it names itself; the provider is terraform-provider-bursar/….
	UserAgent string `json:"user_agent"`
	// Action is noun and verb, such as "team.update".
	Action   string `json:"action"`
	ObjectID string `json:"object_id"`
	// Before and After are the object without secrets; null before a create and after a delete.
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
	// PrevHash and Hash chain the changes, in hexadecimal.
	PrevHash string `json:"prev_hash"`
	Hash     string `json:"hash"`
}

// AuditFilter selects changes, newest first. An empty field does not restrict.
type AuditFilter struct {
	Actor string
	// CredentialID selects by what the requests came with.
	CredentialID string
	Action       string
	ObjectID     string
	// TeamID selects what concerns a team: itself, its keys, budgets and alert routes that name it.
	TeamID string
	// From and To bound At: from From on, before To.
	From time.Time
	To   time.Time
	// Limit is the most rows to answer, zero is all of them; Offset is how many to pass over first.
	Limit  int
	Offset int
	// BeforeSeq goes on behind a change that was answered before; zero starts with the newest.
	BeforeSeq int64
}

// AuditPage is the answer of GET /audit.
type AuditPage struct {
	Audits []Audit `json:"audit_logs"`
	// Total, Page, PageSize and TotalPages are as LiteLLM answers them.
	Total      int `json:"total"`
	Page       int `json:"page"`
	PageSize   int `json:"page_size"`
	TotalPages int `json:"total_pages"`
	// NextCursor asks for what comes after, as the parameter cursor; empty when there is nothing.
	NextCursor string `json:"next_cursor"`
}

// AuditCheck is what checking the audit chain found.
type AuditCheck struct {
	// Rows is how many changes were found to be in order.
	Rows int64 `json:"rows"`
	// Head is the hash of the last of them, in hexadecimal. Whoever keeps it elsewhere
	// can later show that the log up to it was not cut.
	Head string `json:"head"`
	// BadSeq is the first change that is not as it was written; zero when all are.
	BadSeq int64 `json:"bad_seq,omitempty"`
	// Problem says what is wrong with it.
	Problem string `json:"problem,omitempty"`
}

// AuditMark is a moment of the audit log that somebody has kept elsewhere.
type AuditMark struct {
	// Head is the hash of a change, in hexadecimal; empty is none. The log must still hold it.
	Head string
	// Rows is how many changes there were then; zero does not say.
	Rows int64
}

// OK says whether the chain is as it was written.
func (c AuditCheck) OK() bool { return c.BadSeq == 0 }
