package audit

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// audits is GET /audit: who changed what, newest first, by object_id, team_id, actor, action and time; a page
// in JSON, or all of it as CSV or JSON Lines.
func (s *Log) audits(c *route.Call) (any, error) {
	filter := api.AuditFilter{
		Actor: c.Either("actor", "changed_by"), CredentialID: c.Query.Get("credential_id"), Action: c.Query.Get("action"),
		ObjectID: c.Query.Get("object_id"), TeamID: c.Query.Get("team_id"),
	}
	var err error
	if filter.From, filter.To, err = c.Period(); err != nil {
		return nil, err
	}
	if _, err := c.Cursor(&filter.BeforeSeq); err != nil {
		return nil, err
	}
	format, err := c.Format()
	if err != nil {
		return nil, err
	}
	if format == route.FormatJSON {
		return s.auditPage(c, filter)
	}
	return route.Rows[api.Audit]{
		Format: format, Columns: auditColumns, Cells: auditCells,
		Each: func(ctx context.Context, emit func(api.Audit) error) error { return s.eachAudit(ctx, filter, emit) },
	}, nil
}

func (s *Log) auditPage(c *route.Call, filter api.AuditFilter) (api.AuditPage, error) {
	page, err := c.PageOf("page_size", 50)
	if err != nil {
		return api.AuditPage{}, err
	}
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

// audit is GET /audit/{id}: one change, by its number.
func (s *Log) audit(c *route.Call) (any, error) {
	seq, err := strconv.ParseInt(c.Request.PathValue("id"), 10, 64)
	if err != nil || seq < 1 {
		return nil, api.FieldErrorf("id", "must be the number of a change, seq in GET /audit")
	}
	found, err := s.Record.AuditPage(c.Context(), api.AuditFilter{BeforeSeq: seq + 1, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || found[0].Seq != seq {
		return nil, &api.Error{Code: api.NotFound, Param: "id", Message: "there is no change " + strconv.FormatInt(seq, 10)}
	}
	return found[0], nil
}

// verifyAudit is GET /audit/verify: whether every change is as it was written. known_head and known_rows are those
// of an earlier answer, to show that the log still holds what it held then.
func (s *Log) verifyAudit(c *route.Call) (any, error) {
	mark := api.AuditMark{Head: strings.ToLower(c.Query.Get("known_head"))}
	if text := c.Query.Get("known_rows"); text != "" {
		rows, err := strconv.ParseInt(text, 10, 64)
		if err != nil || rows < 0 {
			return nil, api.FieldErrorf("known_rows", "must be a whole number")
		}
		mark.Rows = rows
	}
	check, err := s.Record.VerifyAudit(c.Context(), mark)
	return auditVerdict{OK: check.OK(), AuditCheck: check}, err
}

// auditVerdict is the answer of GET /audit/verify.
type auditVerdict struct {
	OK bool `json:"ok"`
	api.AuditCheck
}
