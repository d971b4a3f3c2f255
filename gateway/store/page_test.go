package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func keyIDs(keys []api.Key) []string {
	ids := []string{}
	for _, key := range keys {
		ids = append(ids, key.KeyID)
	}
	return ids
}

// Pages by number, far beyond where the store begins to seek, and by cursor lead through the same list.
func TestKeys_everyPageOfEveryOrder(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		const n, size = 2500, 499
		fill(t, s, n)
		for _, column := range append(slices.Clone(api.SortColumns), "") {
			for _, desc := range []bool{false, true} {
				order := api.Page{SortBy: column, Desc: desc}
				all := keyIDs(first(s.Keys(t.Context(), api.KeyFilter{Page: order}))(t))
				if len(all) != n-1 {
					t.Fatalf("%d keys", len(all))
				}
				byNumber, byCursor := []string{}, []string{}
				order.Limit = size
				for order.Offset = 0; order.Offset < n; order.Offset += size {
					byNumber = append(byNumber, keyIDs(first(s.Keys(t.Context(), api.KeyFilter{Page: order}))(t))...)
				}
				for order.Offset = 0; ; {
					page := first(s.Keys(t.Context(), api.KeyFilter{Page: order}))(t)
					byCursor = append(byCursor, keyIDs(page)...)
					if len(page) < size {
						break
					}
					last := page[size-1]
					order.After = order.CursorOf(last.KeyID, lowerAlias(last.KeyID), last.Record)
				}
				if diff := cmp.Diff(all, byNumber); diff != "" {
					t.Errorf("by number, %s desc=%v: %s", column, desc, diff)
				}
				if diff := cmp.Diff(all, byCursor); diff != "" {
					t.Errorf("by cursor, %s desc=%v: %s", column, desc, diff)
				}
			}
		}
	})
}

// lowerAlias is the alias that fill gave a key: its document does not say.
func lowerAlias(id string) *string { return new("alias" + id[len("key"):]) }

func first[T any](list []T, _ int, err error) func(t *testing.T) []T { return must(list, err) }

func TestKeys_refusesACursorOfAnotherList(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		cursor := api.Page{SortBy: api.SortByAlias}.CursorOf("k", nil, api.Record{})
		for _, page := range []api.Page{
			{SortBy: api.SortByAlias, Desc: true, After: cursor}, {After: cursor}, {After: "x"}, {After: "e30"},
		} {
			_, _, err := s.Keys(t.Context(), api.KeyFilter{Page: page})
			wantCode(t, err, api.Invalid)
		}
		_, _, err := s.Teams(t.Context(), api.TeamFilter{Page: api.Page{SortBy: api.SortByAlias, After: cursor}})
		wantCode(t, err, "")
	})
}

// The kept numbers follow every way by which rows come, go and change hands.
func TestTally_isWhatCountingWouldFind(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		check := func(what string, want ...int) {
			t.Helper()
			got := []int{}
			for _, filter := range []api.KeyFilter{{}, {TeamID: "a"}, {TeamID: "b"}, {UserID: "u"}} {
				_, total, err := s.Keys(t.Context(), filter)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, total)
			}
			_, teams, err := s.Teams(t.Context(), api.TeamFilter{})
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, teams); !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", what, got, want)
			}
		}
		check("empty", 0, 0, 0, 0, 0)
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("a")))(t)
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("b")))(t)
		for i, team := range []string{"a", "a", "b", ""} {
			key := newKey(fmt.Sprintf("k%d", i), team)
			key.UserID = new("u")
			must(s.CreateKey(t.Context(), alice, key, []byte(key.KeyID)))(t)
		}
		check("made", 4, 2, 1, 4, 2)
		must(s.UpdateKey(t.Context(), alice, "k0", 0, func(key *api.Key) error {
			key.TeamID, key.UserID = new("b"), nil
			return nil
		}))(t)
		check("moved", 4, 1, 2, 3, 2)
		must(s.UpdateKey(t.Context(), alice, "k3", 0, func(key *api.Key) error {
			key.TeamID = new("a")
			return nil
		}))(t)
		check("joined", 4, 2, 2, 3, 2)
		must(s.DeleteKeys(t.Context(), alice, []string{"k1"}))(t)
		check("deleted", 3, 1, 2, 2, 2)
		if _, _, err := s.DeleteTeams(t.Context(), alice, []string{"b"}); err != nil {
			t.Fatal(err)
		}
		check("deleted with the team", 1, 1, 0, 1, 1)
		if _, err := s.UpdateKey(t.Context(), alice, "k3", 0, func(*api.Key) error { return apiErrorForTest }); err == nil {
			t.Fatal("the edit was not refused")
		}
		check("refused", 1, 1, 0, 1, 1)
		var left int
		if err := s.WriterForTest().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM tally").Scan(&left); err != nil || left != 4 {
			t.Errorf("%d tallies are left, %v", left, err)
		}
	})
}

var apiErrorForTest = api.Errorf(api.Invalid, "no")
