package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestStoredResponse_isRememberedOnceAndForAMonth(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		want := api.StoredResponse{ID: "resp_1", TeamID: "a", KeyID: "k", Model: "m", Deployment: "openai/x", Tokens: 12}
		if err := s.RememberResponse(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		want.CreatedAt = clock.Now().Truncate(time.Millisecond)
		thief := want
		thief.TeamID = "b"
		if err := s.RememberResponse(t.Context(), thief); err != nil {
			t.Fatal(err)
		}
		got, err := s.StoredResponse(t.Context(), "resp_1")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if err := s.RememberItems(t.Context(), "resp_1", []string{"msg_1", "fc_1"}); err != nil {
			t.Fatal(err)
		}
		if err := s.RememberItems(t.Context(), "resp_2", []string{"msg_1", "msg_2"}); err != nil {
			t.Fatal(err)
		}
		of := func() map[string]api.StoredResponse {
			return must(s.StoredItems(t.Context(), []string{"msg_1", "fc_1", "msg_2", "msg_3"}))(t)
		}
		want.Tokens, want.CreatedAt = 0, time.Time{}
		if diff := cmp.Diff(map[string]api.StoredResponse{"msg_1": want, "fc_1": want}, of()); diff != "" {
			t.Error("items:", diff)
		}
		clock.Advance(33 * 24 * time.Hour)
		if err := s.PurgeResponses(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StoredResponse(t.Context(), "resp_1"); api.CodeOf(err) != api.NotFound {
			t.Errorf("after a month: %v", err)
		}
		if items := of(); len(items) != 0 {
			t.Errorf("after a month: %v", items)
		}
	})
}

func TestStoredResponse_isForgotten(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		if err := s.RememberResponse(t.Context(), api.StoredResponse{ID: "resp_1"}); err != nil {
			t.Fatal(err)
		}
		if err := s.ForgetResponse(t.Context(), "resp_1"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StoredResponse(t.Context(), "resp_1"); api.CodeOf(err) != api.NotFound {
			t.Errorf("got %v", err)
		}
	})
}
