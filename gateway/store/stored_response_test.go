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
		clock.Advance(33 * 24 * time.Hour)
		if err := s.PurgeResponses(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.StoredResponse(t.Context(), "resp_1"); api.CodeOf(err) != api.NotFound {
			t.Errorf("after a month: %v", err)
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
