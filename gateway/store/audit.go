package store

import (
	"context"
	"encoding/hex"
	"encoding/json"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// audit is one row of the audit log. Its texts are hashed exactly as they are stored.
type audit struct {
	seq        int64
	atMS       int64
	actor      string
	address    string
	reason     string
	requestID  string
	userAgent  string
	credential api.Credential
	action     string
	objectID   string
	before     *string
	after      *string
	prevHash   []byte
	hash       []byte
}

// encoded is JSON that was made before, for [tx.audit].
type encoded string

// audit notes what the transaction did to an object, to be written when it commits.
// before and after are forms without secrets; nil is no object. It refuses what the change's review does not allow.
func (t *tx) audit(ctx context.Context, change api.Change, action, objectID string, before, after any) error {
	row := audit{
		atMS: t.store.nowMS(), actor: change.Actor, address: change.Address, reason: change.Reason,
		requestID: change.RequestID, userAgent: change.UserAgent, credential: change.Credential, action: action, objectID: objectID,
	}
	var err error
	if row.before, err = auditText(before); err != nil {
		return err
	}
	if row.after, err = auditText(after); err != nil {
		return err
	}
	if err := t.store.allow(ctx, change, &row); err != nil {
		return err
	}
	t.audits = append(t.audits, row)
	return nil
}

func auditText(object any) (*string, error) {
	switch object := object.(type) {
	case nil:
		return nil, nil
	case encoded:
		text := string(object)
		return &text, nil
	default:
		text, err := encode(object)
		return &text, err
	}
}

// Audits returns the changes that the filter selects, newest first, and how many there are without
// the filter's limit, offset and BeforeSeq.
func (s *Store) Audits(ctx context.Context, filter api.AuditFilter) (audits []api.Audit, total int, err error) {
	if audits, err = s.AuditPage(ctx, filter); err != nil {
		return nil, 0, err
	}
	_, err = s.one(ctx, "audit_count", auditArgs(filter), &total)
	return audits, total, err
}

// AuditPage is Audits without the count.
func (s *Store) AuditPage(ctx context.Context, filter api.AuditFilter) ([]api.Audit, error) {
	values := auditArgs(filter)
	boundArgs(values, filter.Limit, filter.Offset)
	if filter.BeforeSeq > 0 {
		values["before_seq"] = filter.BeforeSeq
	}
	audits := []api.Audit{}
	err := s.each(ctx, "audit_list", values, func(scan func(...any) error) error {
		var row audit
		err := scan(row.targets()...)
		audits = append(audits, row.public())
		return err
	})
	if err != nil {
		return nil, err
	}
	return audits, nil
}

func auditArgs(filter api.AuditFilter) args {
	values := args{}
	values.given("actor", filter.Actor)
	values.given("credential_id", filter.CredentialID)
	values.given("action", filter.Action)
	values.given("object_id", filter.ObjectID)
	values.given("team_id", filter.TeamID)
	values.givenTimes(filter.From, filter.To)
	return values
}

func (a *audit) targets() []any {
	return []any{
		&a.seq, &a.atMS, &a.actor, &a.address, &a.reason, &a.requestID, &a.action, &a.objectID,
		&a.before, &a.after, &a.prevHash, &a.hash, &a.userAgent,
		&a.credential.Kind, &a.credential.ID,
	}
}

func (a *audit) values() []any {
	return []any{
		a.seq, a.atMS, a.actor, a.address, a.reason, a.requestID, a.action, a.objectID,
		a.before, a.after, a.prevHash, a.hash, a.userAgent,
		a.credential.Kind, a.credential.ID,
	}
}

// teams are the ids of the teams that the object names, before or after, each once.
func (a *audit) teams() []string {
	var ids []string
	for _, text := range []*string{a.before, a.after} {
		var object struct {
			TeamID  *string  `json:"team_id"`
			TeamIDs []string `json:"team_ids"`
		}
		// What has no such fields, or others of these names, belongs to no team.
		if text == nil || json.Unmarshal([]byte(*text), &object) != nil {
			continue
		}
		if object.TeamID != nil {
			ids = append(ids, *object.TeamID)
		}
		ids = append(ids, object.TeamIDs...)
	}
	return distinct(ids)
}

func (a *audit) public() api.Audit {
	return api.Audit{
		Seq: a.seq, At: timeOf(a.atMS), Actor: a.actor, Address: a.address, Reason: a.reason,
		CredentialKind: a.credential.Kind, CredentialID: a.credential.ID,
		RequestID: a.requestID, UserAgent: a.userAgent, Action: a.action, ObjectID: a.objectID,
		Before: rawJSON(a.before), After: rawJSON(a.after),
		PrevHash: hex.EncodeToString(a.prevHash), Hash: hex.EncodeToString(a.hash),
	}
}

func rawJSON(text *string) json.RawMessage {
	if text == nil {
		return json.RawMessage("null")
	}
	return json.RawMessage(*text)
}
