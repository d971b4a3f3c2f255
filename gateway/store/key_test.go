package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func newKey(id, teamID string) api.Key {
	key := api.NewKey(id)
	key.KeyName = "sk-..." + id
	if teamID != "" {
		key.TeamID = &teamID
	}
	return key
}

func TestCreateKey_answersWhatReadsAnswer(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		must(s.CreateBudget(t.Context(), alice, api.NewBudget("b1")))(t)
		key := newKey("key_1", "t1")
		key.KeyAlias, key.UserID, key.BudgetID = new("Ci <1>"), new("user@example.com"), new("b1")
		key.Models, key.SpeakForTeams = api.StringList{"b", "a"}, api.StringList{"*"}
		key.SoftBudget = new(money.Nano(1))
		key.Expires = new(time.Date(2027, 1, 2, 3, 4, 5, 678, time.UTC))
		created := must(s.CreateKey(t.Context(), alice, key, []byte("hash")))(t)
		want := key
		want.Record = created.Record
		want.Metadata = created.Metadata
		if diff := cmp.Diff(want, created); diff != "" || created.Revision != 1 {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		for name, read := range map[string]func() (api.Key, error){
			"by id":     func() (api.Key, error) { return s.Key(t.Context(), "key_1") },
			"by alias":  func() (api.Key, error) { return s.KeyByAlias(t.Context(), "Ci <1>") },
			"by secret": func() (api.Key, error) { return s.KeyByDigest(t.Context(), []byte("hash")) },
		} {
			if diff := cmp.Diff(created, must(read())(t)); diff != "" {
				t.Errorf("%s (-created +read):\n%s", name, diff)
			}
		}
	})
}

func TestCreateKey_refuses(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		pot := api.NewBudget("pot")
		pot.TeamIDs = []string{"t1"}
		must(s.CreateBudget(t.Context(), alice, pot))(t)
		first := newKey("key_1", "t1")
		first.KeyAlias = new("ci")
		must(s.CreateKey(t.Context(), alice, first, []byte("hash")))(t)
		for name, test := range map[string]struct {
			key     func(*api.Key)
			hash    string
			code    api.Code
			param   string
			message string
		}{
			"a team that is not there":   {func(k *api.Key) { k.TeamID = new("t9") }, "h2", api.Invalid, "team_id", `team_id names a team that does not exist: "t9"`},
			"a budget that is not there": {func(k *api.Key) { k.BudgetID = new("b9") }, "h2", api.Invalid, "budget_id", `budget_id names a budget that does not exist: "b9"`},
			"a pot":                      {func(k *api.Key) { k.BudgetID = new("pot") }, "h2", api.Invalid, "budget_id", ""},
			"an alias that is taken": {
				func(k *api.Key) { k.KeyAlias = new("ci") }, "h2", api.AlreadyExists, "key_alias",
				"Key with alias 'ci' already exists. Unique key aliases across all keys are required.",
			},
			"a secret that is in use": {func(*api.Key) {}, "hash", api.AlreadyExists, "", ""},
			"an id that is taken":     {func(k *api.Key) { k.KeyID = "key_1" }, "h2", api.AlreadyExists, "", ""},
		} {
			key := newKey("key_2", "")
			test.key(&key)
			_, err := s.CreateKey(t.Context(), alice, key, []byte(test.hash))
			if api.CodeOf(err) != test.code {
				t.Errorf("%s: error is %v", name, err)
				continue
			}
			refused := apiError(t, err)
			if refused.Param != test.param || test.message != "" && refused.Message != test.message {
				t.Errorf("%s: error is about %q: %s", name, refused.Param, refused.Message)
			}
		}
		if _, total, _ := s.Keys(t.Context(), api.KeyFilter{}); total != 1 {
			t.Errorf("there are %d keys, want the first", total)
		}
	})
}

func TestUpdateKey_keepsItsAliasAndFreesAnOldOne(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for _, id := range []string{"key_1", "key_2"} {
			key := newKey(id, "")
			key.KeyAlias = new("alias of " + id)
			must(s.CreateKey(t.Context(), alice, key, []byte(id)))(t)
		}
		rename := func(id, alias string) error {
			_, err := s.UpdateKey(t.Context(), alice, id, 0, func(key *api.Key) error {
				key.KeyAlias, key.KeyName = &alias, "not yours to set"
				return nil
			})
			return err
		}
		if err := rename("key_1", "alias of key_1"); err != nil {
			t.Errorf("its own alias: %v", err)
		}
		wantCode(t, rename("key_1", "alias of key_2"), api.AlreadyExists)
		if err := rename("key_2", "new"); err != nil {
			t.Error(err)
		}
		if err := rename("key_1", "alias of key_2"); err != nil {
			t.Errorf("an alias that was given up: %v", err)
		}
		if key := must(s.Key(t.Context(), "key_1"))(t); key.KeyName != "sk-...key_1" || key.Revision != 3 {
			t.Errorf("key is %+v", key)
		}
	})
}

func TestRotateKey_oldSecretLivesThroughTheGrace(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateKey(t.Context(), alice, newKey("key_1", ""), []byte("first")))(t)
		works := func(secret string) bool {
			key, err := s.KeyByDigest(t.Context(), []byte(secret))
			if err != nil && api.CodeOf(err) != api.NotFound {
				t.Fatal(err)
			}
			return err == nil && key.KeyID == "key_1"
		}
		rotated := must(s.RotateKey(t.Context(), alice, "key_1", []byte("second"), "sk-...2", clock.Now().Add(time.Hour), nil))(t)
		if rotated.KeyID != "key_1" || rotated.KeyName != "sk-...2" || rotated.Revision != 2 {
			t.Errorf("rotated key is %+v", rotated)
		}
		if !works("first") || !works("second") {
			t.Error("within the grace both secrets should work")
		}
		must(s.RotateKey(t.Context(), alice, "key_1", []byte("third"), "sk-...3", clock.Now().Add(2*time.Hour), nil))(t)
		clock.Advance(time.Hour)
		if works("first") {
			t.Error("the first secret works after its grace, as if the second rotation had prolonged it")
		}
		if !works("second") || !works("third") {
			t.Error("the second secret should work for its own grace")
		}
		must(s.RotateKey(t.Context(), alice, "key_1", []byte("fourth"), "sk-...4", clock.Now(), nil))(t)
		if works("second") || works("third") || !works("fourth") {
			t.Error("without a grace only the new secret should work")
		}
		_, err := s.RotateKey(t.Context(), alice, "key_1", []byte("fourth"), "sk-...4", clock.Now(), nil)
		wantCode(t, err, api.AlreadyExists)
		if !works("fourth") {
			t.Error("a refused rotation ended the secret")
		}
		_, err = s.RotateKey(t.Context(), alice, "key_9", []byte("fifth"), "sk-...5", clock.Now(), nil)
		wantCode(t, err, api.NotFound)
	})
}

func TestKeys_filters(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		for i, key := range []api.Key{newKey("k1", "t1"), newKey("k2", ""), newKey("k3", "t1"), newKey("k4", "")} {
			key.KeyAlias = new(fmt.Sprintf("Alias %d", i+1))
			if i < 2 {
				key.UserID = new("u1")
			}
			key.Blocked = i == 1
			if i >= 2 {
				key.Expires = new(clock.Now().Add(time.Duration(i) * time.Second))
			}
			must(s.CreateKey(t.Context(), alice, key, []byte(key.KeyID)))(t)
			clock.Advance(time.Second)
		}
		for want, filter := range map[string]api.KeyFilter{
			"[k1 k2 k3 k4] of 4": {},
			"[k1 k3] of 2":       {TeamID: "t1"},
			"[k1 k2] of 2":       {UserID: "u1"},
			"[k1] of 1":          {UserID: "u1", TeamID: "t1"},
			"[k2] of 1":          {Alias: "Alias 2"},
			"[k2 k3] of 4":       {AliasContains: "alias", Page: api.Page{Limit: 2, Offset: 1}},
			"[k4 k3] of 2":       {IDs: []string{"k3", "k4"}, Page: api.Page{SortBy: "alias", Desc: true}},
			"[] of 0":            {Alias: "alias 2"},
			"[k2] of 1 blocked":  {Status: api.KeyBlocked},
			"[k3] of 1 expired":  {Status: api.KeyExpired},
			"[k1 k4] of 2":       {Status: api.KeyActive},
			"[k1] of 1 active":   {Status: api.KeyActive, UserID: "u1"},
		} {
			keys, total, err := s.Keys(t.Context(), filter)
			if err != nil {
				t.Fatal(err)
			}
			ids := []string{}
			for _, key := range keys {
				ids = append(ids, key.KeyID)
			}
			if got := fmt.Sprintf("%v of %d", ids, total); !strings.HasPrefix(want, got) {
				t.Errorf("%+v: %s, want %s", filter, got, want)
			}
		}
		if got := fmt.Sprint(must(s.KeyAliases(t.Context(), api.KeyFilter{AliasContains: "lias", Page: api.Page{Limit: 2, Offset: 1}}))(t)); got != "[Alias 2 Alias 3]" {
			t.Errorf("aliases are %s", got)
		}
		if got := fmt.Sprint(must(s.KeyAliases(t.Context(), api.KeyFilter{TeamID: "t1"}))(t)); got != "[Alias 1 Alias 3]" {
			t.Errorf("aliases of a team are %s", got)
		}
		if got := fmt.Sprint(must(s.KeyIDsWithoutTeam(t.Context()))(t)); got != "[k2 k4]" {
			t.Errorf("without team are %s", got)
		}
	})
}

func TestDeleteKeys_allOrNone(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateKey(t.Context(), alice, newKey("k1", ""), []byte("h1")))(t)
		_, err := s.DeleteKeys(t.Context(), alice, []string{"k1", "k9"})
		wantCode(t, err, api.NotFound)
		if _, err := s.KeyByDigest(t.Context(), []byte("h1")); err != nil {
			t.Errorf("after a refused delete: %v", err)
		}
		if gone := must(s.DeleteKeys(t.Context(), alice, []string{"k1"}))(t); len(gone) != 1 || gone[0].KeyID != "k1" {
			t.Errorf("deleted are %v", gone)
		}
		_, err = s.KeyByDigest(t.Context(), []byte("h1"))
		wantCode(t, err, api.NotFound)
		must(s.CreateKey(t.Context(), alice, newKey("k2", ""), []byte("h1")))(t)
	})
}
