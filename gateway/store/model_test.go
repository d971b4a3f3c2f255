package store_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func newModel(id, name string) api.Model {
	model := api.NewModel(id)
	model.Name, model.APIKey = name, new(canarySecret)
	model.Aliases, model.AccessGroups = api.StringList{name + "-alias"}, api.StringList{"group"}
	return model
}

func TestModel_twoWaysToRead(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		model := newModel("m1", "gpt")
		model.BaseURL, model.RPM, model.Weight = new("https://example.com/v1"), new(int64(7)), 0
		model.Price = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(money.USD / 10), Output: new(money.USD)}}
		model.Metadata = api.Metadata{"tier": json.RawMessage(`"paid"`)}
		created := must(s.CreateModel(t.Context(), alice, model))(t)
		want := model
		want.Record, want.APIKey, want.HasAPIKey = created.Record, nil, true
		want.APIKeyFingerprint = s.APIKeyFingerprint("m1", canarySecret)
		if diff := cmp.Diff(want, created); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		all, total, err := s.Models(t.Context(), api.ModelFilter{Name: "gpt"})
		if err != nil || total != 1 || !cmp.Equal(all[0], created) || !cmp.Equal(must(s.Model(t.Context(), "m1"))(t), created) {
			t.Errorf("reads differ from the create: %v, %v", all, err)
		}
		targets := must(s.ModelTargets(t.Context()))(t)
		if len(targets) != 1 || targets[0].APIKey == nil || *targets[0].APIKey != canarySecret {
			t.Error("who sends does not get the credential")
		}
	})
}

func TestUpdateModel_credentialLeftOutStays(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateModel(t.Context(), alice, newModel("m1", "gpt")))(t)
		credential := func() string {
			if key := must(s.ModelTargets(t.Context()))(t)[0].APIKey; key != nil {
				return *key
			}
			return ""
		}
		edit := func(edit func(*api.Model)) api.Model {
			t.Helper()
			return must(s.UpdateModel(t.Context(), alice, "m1", 0, func(model *api.Model) error {
				if model.APIKey != nil {
					t.Error("an edit sees the credential")
				}
				edit(model)
				return nil
			}))(t)
		}
		edit(func(model *api.Model) { model.Weight = 5 })
		if credential() != canarySecret {
			t.Errorf("credential became %q", credential())
		}
		edit(func(model *api.Model) { model.APIKey = new("other") })
		if credential() != "other" {
			t.Errorf("credential is %q, want the new one", credential())
		}
		if got := edit(func(model *api.Model) { model.APIKey = new("") }); credential() != "" || got.HasAPIKey || got.Revision != 4 || got.Weight != 5 {
			t.Errorf("credential is %q, want none; model %+v", credential(), got)
		}
		_, err := s.UpdateModel(t.Context(), alice, "m1", 3, func(*api.Model) error { return nil })
		wantCode(t, err, api.Stale)
		_, err = s.UpdateModel(t.Context(), alice, "m1", 0, func(model *api.Model) error { model.Upstream = "smoke"; return nil })
		wantCode(t, err, api.Invalid)
	})
}

func TestModel_severalShareAName(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateModel(t.Context(), alice, newModel("m2", "gpt")))(t)
		must(s.CreateModel(t.Context(), alice, newModel("m1", "gpt")))(t)
		_, err := s.CreateModel(t.Context(), alice, newModel("m1", "other"))
		wantCode(t, err, api.AlreadyExists)
		gone := must(s.DeleteModels(t.Context(), alice, []string{"m2"}))(t)
		if len(gone) != 1 || gone[0].APIKey != nil {
			t.Errorf("deleted %+v", gone)
		}
		_, err = s.Model(t.Context(), "m2")
		wantCode(t, err, api.NotFound)
		_, err = s.DeleteModels(t.Context(), alice, []string{"m1", "m2"})
		wantCode(t, err, api.NotFound)
		if left := must(s.ModelTargets(t.Context()))(t); len(left) != 1 || left[0].ModelID != "m1" {
			t.Errorf("all or none: %+v is left", left)
		}
	})
}

func TestModel_credentialIsStoredSealed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, "sqlite:"+filepath.Join(dir, "bursar.db"), newClock())
	must(s.CreateModel(t.Context(), alice, newModel("m1", "gpt")))(t)
	must(s.UpdateModel(t.Context(), alice, "m1", 0, func(model *api.Model) error { model.Weight = 2; return nil }))(t)
	audits, _, err := s.Audits(t.Context(), api.AuditFilter{})
	if err != nil || len(audits) != 2 {
		t.Fatal(len(audits), err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), canarySecret) {
			t.Errorf("%s holds the credential in clear", filepath.Base(file))
		}
	}
}

// A model that an older gateway has written is as one that is created without the newer fields.
func TestModel_whatAnOlderDocumentLeavesOutIsTheDefault(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		model := newModel("m1", "gpt")
		model.TPMCountsCached = false
		must(s.CreateModel(t.Context(), alice, model))(t)
		if must(s.Model(t.Context(), "m1"))(t).TPMCountsCached {
			t.Error("what is stored is not read")
		}
		_, err := s.WriterForTest().Exec(`UPDATE model SET document = '{"name":"gpt","upstream":"openai","weight":0,"enabled":false}'`)
		if err != nil {
			t.Fatal(err)
		}
		if got := must(s.Model(t.Context(), "m1"))(t); !got.TPMCountsCached || got.Weight != 0 || got.Enabled {
			t.Errorf("read as %+v", got)
		}
	})
}
