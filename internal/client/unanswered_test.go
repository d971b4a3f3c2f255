package client_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

func TestCreate_saysWhenNobodyKnowsWhetherItTookEffect(t *testing.T) {
	lost, refused := answer{drop: true}, failed(http.StatusBadRequest, "invalid_request_error", "no")
	broken, busy := answer{status: http.StatusInternalServerError, body: "oops"}, failed(http.StatusTooManyRequests, "rate_limit_error", "busy")
	for name, test := range map[string]struct {
		answers []answer
		want    bool
	}{
		"a lost answer":          {[]answer{lost, lost, lost, lost, lost}, true},
		"a failing proxy":        {[]answer{broken, broken, broken}, true},
		"an answer cut short":    {[]answer{ok(`{"team_id":`)}, true},
		"a refusal":              {[]answer{refused}, false},
		"a busy gateway":         {[]answer{busy, busy, busy, busy, busy}, false},
		"busy after a loss":      {[]answer{lost, busy, busy, busy, busy}, true},
		"refused after a fault":  {[]answer{broken, refused}, true},
		"an answer after a loss": {[]answer{lost, ok(`{"team_id":"a"}`)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := startFake(t, test.answers...)
			_, err := gateway.client(t).CreateTeam(t.Context(), "a", api.NewTeam("a").TeamFields)
			unanswered, ok := errors.AsType[*client.UnansweredError](err)
			if ok != test.want {
				t.Fatalf("got %v", err)
			}
			if last := gateway.last(); ok && last.Header.Get(api.HeaderRequestID) != unanswered.RequestID {
				t.Errorf("sent as request %q, told %q", last.Header.Get(api.HeaderRequestID), unanswered.RequestID)
			}
		})
	}
}

func TestFindCreated_looksThroughTheAuditLog(t *testing.T) {
	first := ok(`{"audit_logs":[{"request_id":"other","object_id":"x"}],"next_cursor":"more"}`)
	gateway := startFake(t, first, ok(`{"audit_logs":[{"request_id":"mine","object_id":"a"}]}`))
	c := gateway.client(t)
	if id, err := c.FindCreated(t.Context(), "team", "mine"); err != nil || id != "a" {
		t.Errorf("got %q, %v", id, err)
	}
	if query := gateway.requests[1].URL.Query(); query.Get("action") != "team.create" || query.Get("cursor") != "more" {
		t.Errorf("asked %v", query)
	}
	gateway.answers = []answer{ok(`{"audit_logs":[]}`)}
	if _, err := c.FindCreated(t.Context(), "team", "mine"); api.CodeOf(err) != api.NotFound {
		t.Errorf("got %v", err)
	}
}
