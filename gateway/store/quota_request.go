package store

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var quotaRequestNoun = noun[api.QuotaRequest]{
	name: "quota_request", get: (*Store).QuotaRequest, check: (*Store).checkQuotaRequest, put: (*Store).putQuotaRequest, audit: auditQuotaRequest,
	id:     func(r *api.QuotaRequest) *string { return &r.QuotaRequestID },
	record: func(r *api.QuotaRequest) *api.Record { return &r.Record },
}

// quotaRequestDocument is what is asked for and what became of it, as the column has it.
type quotaRequestDocument struct {
	api.QuotaRequestFields
	State       string      `json:"state"`
	Automatic   bool        `json:"automatic"`
	AnsweredBy  string      `json:"answered_by"`
	AnsweredAt  *time.Time  `json:"answered_at"`
	Answer      string      `json:"answer"`
	TargetUSD   *money.Nano `json:"target_usd"`
	Target      *int64      `json:"target"`
	HCL         string      `json:"hcl"`
	PullRequest string      `json:"pull_request"`
}

// CreateQuotaRequest stores a new request and returns it as a read would. Error: [api.Invalid].
func (s *Store) CreateQuotaRequest(ctx context.Context, change api.Change, request api.QuotaRequest) (api.QuotaRequest, error) {
	return create(ctx, s, quotaRequestNoun, change, request, nothing)
}

// QuotaRequest returns a request. Error: [api.NotFound].
func (s *Store) QuotaRequest(ctx context.Context, id string) (api.QuotaRequest, error) {
	var row object
	found, err := s.one(ctx, "quota_request_get", args{"id": id}, row.targets()...)
	if err != nil {
		return api.QuotaRequest{}, err
	}
	if !found {
		return api.QuotaRequest{}, api.Errorf(api.NotFound, "Quota request not found, passed quota_request_id=%s", id)
	}
	return row.quotaRequest()
}

// QuotaRequests returns the requests that the filter selects, newest first.
func (s *Store) QuotaRequests(ctx context.Context, filter api.QuotaRequestFilter) ([]api.QuotaRequest, error) {
	values := args{}
	values.givenIDs("team_ids", filter.TeamIDs)
	values.given("state", filter.State)
	values.limit(filter.Limit)
	requests := []api.QuotaRequest{}
	err := s.each(ctx, "quota_request_list", values, func(scan func(...any) error) error {
		var row object
		if err := scan(row.targets()...); err != nil {
			return err
		}
		request, err := row.quotaRequest()
		requests = append(requests, request)
		return err
	})
	return requests, err
}

// UpdateQuotaRequest lets edit change a request, if its revision is ifRevision or that is zero, and returns it as stored.
// verb names the change in the audit log. Errors: [api.NotFound], [api.Stale], [api.Invalid], edit's.
func (s *Store) UpdateQuotaRequest(ctx context.Context, change api.Change, verb, id string, ifRevision int64, edit func(*api.QuotaRequest) error) (api.QuotaRequest, error) {
	return update(ctx, s, quotaRequestNoun, change, verb, id, ifRevision,
		func(_ context.Context, request *api.QuotaRequest) error { return edit(request) })
}

func (s *Store) checkQuotaRequest(_ context.Context, request api.QuotaRequest) error {
	return request.Validate()
}

func (s *Store) putQuotaRequest(ctx context.Context, query string, r api.QuotaRequest) error {
	values, err := objectArgs(r.QuotaRequestID, "", r.Record, quotaRequestDocument{
		r.QuotaRequestFields, r.State, r.Automatic, r.AnsweredBy, r.AnsweredAt, r.Answer, r.TargetUSD, r.Target, r.HCL, r.PullRequest,
	})
	if err != nil {
		return err
	}
	values["team_id"], values["state"] = r.TeamID, r.State
	_, err = s.exec(ctx, query, values)
	return err
}

func (o *object) quotaRequest() (api.QuotaRequest, error) {
	var d quotaRequestDocument
	err := decode(o.document, &d)
	return api.QuotaRequest{
		QuotaRequestID: o.id, QuotaRequestFields: d.QuotaRequestFields, State: d.State, Automatic: d.Automatic, AnsweredBy: d.AnsweredBy,
		AnsweredAt: d.AnsweredAt, Answer: d.Answer, TargetUSD: d.TargetUSD, Target: d.Target, HCL: d.HCL, PullRequest: d.PullRequest, Record: o.record(),
	}, err
}

func auditQuotaRequest(r api.QuotaRequest) any {
	return struct {
		QuotaRequestID string `json:"quota_request_id"`
		quotaRequestDocument
		Revision int64 `json:"revision"`
	}{r.QuotaRequestID, quotaRequestDocument{
		r.QuotaRequestFields, r.State, r.Automatic, r.AnsweredBy, r.AnsweredAt, r.Answer, r.TargetUSD, r.Target, r.HCL, r.PullRequest,
	}, r.Revision}
}
