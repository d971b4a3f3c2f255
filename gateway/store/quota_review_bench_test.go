package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// BenchmarkQuotaReview makes all changes of an approved review, half of them new teams: what one costs does not grow with their number.
func BenchmarkQuotaReview(b *testing.B) {
	for kind, address := range map[string]func() string{
		store.SQLite:   func() string { return "sqlite:" + b.TempDir() + "/bursar.db" },
		store.Postgres: func() string { return storetest.Postgres(b) },
	} {
		for _, n := range []int{2_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", kind, n), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					s, err := store.Open(b.Context(), address(), store.Options{Sealer: fakeSealer{key: "one"}})
					if err != nil {
						b.Fatal(err)
					}
					approveTeams(b, s, n)
					b.StartTimer()
					applyTeams(b, s, n)
					b.StopTimer()
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/change")
			})
		}
	}
}

// approveTeams has n changes of teams approved, every second of which makes one.
func approveTeams(b *testing.B, s *store.Store, n int) {
	review := api.QuotaReview{QuotaReviewID: "review_1", State: api.ReviewApproved, Hash: "x", Total: n, QuotaReviewFields: api.QuotaReviewFields{ExpiresAt: time.Now().Add(24 * time.Hour)}}
	for i := range n {
		id := fmt.Sprintf("team-%d", i)
		change := api.ApprovedChange{Address: "bursar_team." + id, Noun: "team", Action: api.ChangeCreate, Identity: map[string]string{"team_id": id}, After: json.RawMessage(`{"hard_cap":true}`)}
		if i%2 == 0 {
			if _, err := s.CreateTeam(b.Context(), alice, api.NewTeam(id)); err != nil {
				b.Fatal(err)
			}
			change.Action, change.Before, change.After = api.ChangeUpdate, json.RawMessage(`{"rpm_limit":null}`), json.RawMessage(`{"rpm_limit":5}`)
		}
		review.Changes = append(review.Changes, change)
	}
	if _, err := s.CreateQuotaReview(b.Context(), alice, review); err != nil {
		b.Fatal(err)
	}
}

func applyTeams(b *testing.B, s *store.Store, n int) {
	under, five := api.Change{Actor: "terraform", Review: "review_1"}, int64(5)
	for i := range n {
		id, err := fmt.Sprintf("team-%d", i), error(nil)
		if i%2 == 0 {
			_, err = s.UpdateTeam(b.Context(), under, id, 0, func(team *api.Team) error { team.RPMLimit = &five; return nil })
		} else {
			_, err = s.CreateTeam(b.Context(), under, api.NewTeam(id))
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
