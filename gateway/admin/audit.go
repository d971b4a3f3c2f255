package admin

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// audits is GET /audit: who changed what, newest first, by object_id, team_id, actor, action and time; a page
// in JSON, or all of it as CSV or JSON Lines.
func (s *Server) audits(c *call) (any, error) {
	filter := api.AuditFilter{
		Actor: c.either("actor", "changed_by"), CredentialID: c.query.Get("credential_id"), Action: c.query.Get("action"),
		ObjectID: c.query.Get("object_id"), TeamID: c.query.Get("team_id"),
	}
	var err error
	if filter.From, filter.To, err = c.period(); err != nil {
		return nil, err
	}
	if _, err := c.cursor(&filter.BeforeSeq); err != nil {
		return nil, err
	}
	format, err := c.format()
	if err != nil {
		return nil, err
	}
	if format == formatJSON {
		return s.auditPage(c, filter)
	}
	return rows[api.Audit]{
		format: format, columns: auditColumns, cells: auditCells,
		each: func(ctx context.Context, emit func(api.Audit) error) error { return s.eachAudit(ctx, filter, emit) },
	}, nil
}

func (s *Server) auditPage(c *call, filter api.AuditFilter) (api.AuditPage, error) {
	page, err := c.pageOf("page_size", 50)
	if err != nil {
		return api.AuditPage{}, err
	}
	filter.Limit = page.size
	if filter.BeforeSeq == 0 {
		filter.Offset = page.order.Offset
	}
	found, total, err := s.record.Audits(c.ctx(), filter)
	answer := api.AuditPage{Audits: found, Total: total, Page: page.number, PageSize: page.size, TotalPages: page.pages(total)}
	if err == nil && len(found) == page.size {
		answer.NextCursor, err = encodeCursor(found[len(found)-1].Seq)
	}
	return answer, err
}

// eachAudit reads changes a batch at a time.
func (s *Server) eachAudit(ctx context.Context, filter api.AuditFilter, emit func(api.Audit) error) error {
	filter.Limit = ledgerBatch
	for {
		found, err := s.record.AuditPage(ctx, filter)
		if err != nil {
			return err
		}
		for _, audit := range found {
			if err := emit(audit); err != nil {
				return err
			}
		}
		if len(found) < ledgerBatch {
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
		decimal(a.Seq), a.At.Format(time.RFC3339Nano), cell(a.Actor), cell(a.Address), cell(a.UserAgent), cell(a.Reason), cell(a.RequestID),
		a.Action, cell(a.ObjectID), string(a.Before), string(a.After), a.PrevHash, a.Hash,
		a.CredentialKind, cell(a.CredentialID),
	}
}

// audit is GET /audit/{id}: one change, by its number.
func (s *Server) audit(c *call) (any, error) {
	seq, err := strconv.ParseInt(c.request.PathValue("id"), 10, 64)
	if err != nil || seq < 1 {
		return nil, api.FieldErrorf("id", "must be the number of a change, seq in GET /audit")
	}
	found, err := s.record.AuditPage(c.ctx(), api.AuditFilter{BeforeSeq: seq + 1, Limit: 1})
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
func (s *Server) verifyAudit(c *call) (any, error) {
	mark := api.AuditMark{Head: strings.ToLower(c.query.Get("known_head"))}
	if text := c.query.Get("known_rows"); text != "" {
		rows, err := strconv.ParseInt(text, 10, 64)
		if err != nil || rows < 0 {
			return nil, api.FieldErrorf("known_rows", "must be a whole number")
		}
		mark.Rows = rows
	}
	check, err := s.record.VerifyAudit(c.ctx(), mark)
	return auditVerdict{OK: check.OK(), AuditCheck: check}, err
}

// auditVerdict is the answer of GET /audit/verify.
type auditVerdict struct {
	OK bool `json:"ok"`
	api.AuditCheck
}
