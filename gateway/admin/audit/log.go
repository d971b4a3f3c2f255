package audit

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// changesWanted selects changes.
type changesWanted struct {
	// Changes of this object only.
	ObjectID string `query:"object_id"`
	// Changes of this team, of its keys, and of budgets and alert routes that name it.
	TeamID string `query:"team_id"`
	// By this actor only.
	Actor string `query:"actor"`
	// The same as actor.
	ChangedBy string `query:"changed_by"`
	// Made with this credential only: the id of an admin key or key, `admin` for the key of the configuration, `issuer#subject` for a person or a workload.
	CredentialID string `query:"credential_id"`
	// This noun and verb only, such as `team.update`.
	Action string `query:"action"`
	Period route.Period
	Form   route.Form
	Place  route.Place[int64]
	route.Pages
}

// audits is GET /audit: who changed what, newest first; a page in JSON, or all of it as CSV or JSON Lines.
func (s *Log) audits(c *route.Call, in changesWanted) (any, error) {
	filter := api.AuditFilter{
		Actor: cmp.Or(in.Actor, in.ChangedBy), CredentialID: in.CredentialID, Action: in.Action, ObjectID: in.ObjectID, TeamID: in.TeamID,
		From: in.Period.From, To: in.Period.To, BeforeSeq: in.Place.At,
	}
	if in.Form.Format == route.FormatJSON {
		return s.auditPage(c, filter, in.Page())
	}
	return route.Rows[api.Audit]{
		Format: in.Form.Format, Columns: auditColumns, Cells: auditCells,
		Each: func(ctx context.Context, emit func(api.Audit) error) error { return s.eachAudit(ctx, filter, emit) },
	}, nil
}

func (s *Log) auditPage(c *route.Call, filter api.AuditFilter, page route.Page) (api.AuditPage, error) {
	filter.Limit = page.Size
	if filter.BeforeSeq == 0 {
		filter.Offset = page.Order.Offset
	}
	found, total, err := s.Record.Audits(c.Context(), filter)
	answer := api.AuditPage{Audits: found, Total: total, Page: page.Number, PageSize: page.Size, TotalPages: page.Pages(total)}
	if err == nil && len(found) == page.Size {
		answer.NextCursor, err = route.EncodeCursor(found[len(found)-1].Seq)
	}
	return answer, err
}

// auditBatch is how many changes are in memory at a time.
const auditBatch = 500

// eachAudit reads changes a batch at a time.
func (s *Log) eachAudit(ctx context.Context, filter api.AuditFilter, emit func(api.Audit) error) error {
	filter.Limit = auditBatch
	for {
		found, err := s.Record.AuditPage(ctx, filter)
		if err != nil {
			return err
		}
		for _, audit := range found {
			if err := emit(audit); err != nil {
				return err
			}
		}
		if len(found) < auditBatch {
			return nil
		}
		filter.BeforeSeq = found[len(found)-1].Seq
	}
}

var auditColumns = []string{
	"seq", "at", "actor", "address", "user_agent", "reason", "request_id", "action", "object_id", "before", "after", "prev_hash", "hash",
	"credential_kind", "credential_id",
}

func auditCells(a api.Audit) []string {
	return []string{
		route.Decimal(a.Seq), a.At.Format(time.RFC3339Nano), route.Cell(a.Actor), route.Cell(a.Address), route.Cell(a.UserAgent), route.Cell(a.Reason), route.Cell(a.RequestID),
		a.Action, route.Cell(a.ObjectID), string(a.Before), string(a.After), a.PrevHash, a.Hash,
		a.CredentialKind, route.Cell(a.CredentialID),
	}
}

// changeNumbered names one change in the path.
type changeNumbered struct {
	ID string `path:"id"`
}

// audit is GET /audit/{id}: one change, by its number.
func (s *Log) audit(c *route.Call, in changeNumbered) (change api.Audit, err error) {
	seq, err := strconv.ParseInt(in.ID, 10, 64)
	if err != nil || seq < 1 {
		return change, api.FieldErrorf("id", "must be the number of a change, seq in GET /audit")
	}
	found, err := s.Record.AuditPage(c.Context(), api.AuditFilter{BeforeSeq: seq + 1, Limit: 1})
	if err != nil {
		return change, err
	}
	if len(found) == 0 || found[0].Seq != seq {
		return change, &api.Error{Code: api.NotFound, Param: "id", Message: "there is no change " + strconv.FormatInt(seq, 10)}
	}
	return found[0], nil
}

// markKnown is the end of the log as it was answered before.
type markKnown struct {
	// `head` of an earlier answer.
	KnownHead string `query:"known_head"`
	// `rows` of an earlier answer.
	KnownRows int64 `query:"known_rows"`
}

// verifyAudit is GET /audit/verify: whether every change is as it was written, and the log still holds what it held.
func (s *Log) verifyAudit(c *route.Call, in markKnown) (auditVerdict, error) {
	check, err := s.Record.VerifyAudit(c.Context(), api.AuditMark{Head: strings.ToLower(in.KnownHead), Rows: in.KnownRows})
	return auditVerdict{OK: check.OK(), AuditCheck: check}, err
}

// auditVerdict is the answer of GET /audit/verify.
type auditVerdict struct {
	OK bool `json:"ok"`
	api.AuditCheck
}
