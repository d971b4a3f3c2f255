package store_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestCreateTeam_answersLikeARead(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		created := must(s.CreateTeam(t.Context(), alice, api.NewTeam("marketing")))(t)
		t.Logf("%+v", created)
		_, err := s.CreateTeam(t.Context(), alice, api.NewTeam("marketing"))
		wantCode(t, err, api.AlreadyExists)
		t.Log(must(s.VerifyAudit(t.Context()))(t))
	})
}
