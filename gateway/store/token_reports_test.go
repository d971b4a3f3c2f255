package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestTokenReports_areReplacedByTheirGatewayAndReadByAll(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		learned := func(gateway string, ratios ...float64) api.TokenReports {
			l := api.TokenReports{Deployment: "d", Model: "m", Kind: "latin", Gateway: gateway, UpdatedAt: clock.Now().Truncate(time.Millisecond)}
			for _, ratio := range ratios {
				l.Reports = append(l.Reports, api.TokenReport{At: clock.Now().Truncate(time.Millisecond), By: -7, Ratio: ratio})
			}
			return l
		}
		first := learned("a", 1.25, 0.75)
		put := func(l ...api.TokenReports) {
			t.Helper()
			if err := s.PutTokenReports(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		check := func(since time.Time, want ...api.TokenReports) {
			t.Helper()
			got, err := s.TokenReports(t.Context(), since)
			byGateway := cmpopts.SortSlices(func(a, b api.TokenReports) bool { return a.Gateway < b.Gateway })
			if diff := cmp.Diff(want, got, byGateway); err != nil || diff != "" {
				t.Error(err, diff)
			}
		}
		start := clock.Now()
		put(first)
		clock.Advance(time.Minute)
		second, again := learned("b", 0.5), learned("a", 2)
		put(second, learned("a"))
		put(again)
		check(start, again, second)
		clock.Advance(time.Minute)
		check(clock.Now())
		third := learned("c", 1)
		put(third)
		check(clock.Now(), third)
		if err := s.PurgeTokenReports(t.Context(), clock.Now()); err != nil {
			t.Fatal(err)
		}
		check(start, third)
	})
}
