package provider_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// restlessSize is a little more than one page has.
const restlessSize = 1010

// Objects come, go and change while the provider reads pages of them: what is there is read, and what is gone is gone.
func TestAccScale_whatChangesBetweenPagesIsNotLost(t *testing.T) {
	g := startGateway(t)
	keys := g.settleEstate(restlessSize)
	keyIDs := slices.Sorted(maps.Values(keys))
	teamOf := map[string]string{}
	for team, key := range keys {
		teamOf[key] = team
	}
	// The second page begins behind the thousandth; that one goes, some behind it, and some are renamed.
	var gone, made []string
	ctx := t.Context()
	changeKeys := sync.OnceFunc(func() {
		for _, id := range []string{keyIDs[0], keyIDs[999], keyIDs[1001], keyIDs[1009]} {
			if err := g.DeleteKey(ctx, id); err != nil {
				t.Error(err)
			}
		}
		gone = append(gone, keyIDs[1001], keyIDs[1009])
		for range 3 {
			made = append(made, must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{})).KeyID)
		}
		fields := api.NewKey("").KeyFields
		fields.TeamID, fields.KeyAlias = new(teamOf[keyIDs[1005]]), new("a new name")
		must[api.Key](t)(g.UpdateKey(ctx, keyIDs[1005], fields, 0))
	})
	changeTeams := sync.OnceFunc(func() {
		for _, i := range []int{0, 999, 1001} {
			if err := g.DeleteTeam(ctx, teamName(i)); err != nil {
				t.Error(err)
			}
		}
		for _, id := range []string{"team-0000a", "team-0999a", "team-9"} {
			must[api.Team](t)(g.CreateTeam(ctx, id, api.TeamFields{}))
		}
	})
	var paged sync.Map
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Query().Get("cursor") != "" {
			paged.Store(r.URL.Path, true)
			map[string]func(){"/key/list": changeKeys, "/v2/team/list": changeTeams}[r.URL.Path]()
		}
		next.ServeHTTP(w, r)
	})
	p := g.protocol()
	for _, id := range keyIDs {
		err := p.refresh("bursar_key", id)
		if isGone := err != nil && strings.Contains(err.Error(), "is gone"); isGone != slices.Contains(gone, id) {
			t.Errorf("%s: %v", id, err)
		}
	}
	for i := range restlessSize {
		err := p.refresh("bursar_team", teamName(i))
		if isGone := err != nil && strings.Contains(err.Error(), "is gone"); isGone != (i == 1001) {
			t.Errorf("%s: %v", teamName(i), err)
		}
	}
	for _, id := range made {
		if err := p.refresh("bursar_key", id); err != nil {
			t.Errorf("made between the pages: %v", err)
		}
	}
	for _, id := range []string{"team-0000a", "team-0999a", "team-9"} {
		if err := p.refresh("bursar_team", id); err != nil {
			t.Errorf("made between the pages: %v", err)
		}
	}
	for _, path := range []string{"/key/list", "/v2/team/list"} {
		if _, ok := paged.Load(path); !ok {
			t.Errorf("no second page of %s was read", path)
		}
	}
}
