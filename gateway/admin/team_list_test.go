package admin_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// A list of all teams begins to arrive before all of them are read, and is whole in the end.
func TestTeamList_isWrittenAsItIsRead(t *testing.T) {
	g := newGateway(t)
	for i := range 230 {
		g.post("/team/new", fmt.Sprintf(`{"team_id":"t%03d","team_alias":"team %03d"}`, i, i)).ok()
	}
	begun, batches := make(chan struct{}), 0
	g.spending.reading = func() {
		if batches++; batches != 2 {
			return
		}
		select {
		case <-begun:
		case <-time.After(10 * time.Second):
			t.Error("nothing was answered before the second batch of teams was read")
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+"/team/list", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := g.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(response.Body, first); err != nil {
		t.Fatal(err)
	}
	close(begun)
	rest, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Teams []struct {
			TeamID string `json:"team_id"`
		} `json:"teams"`
	}
	if err := json.Unmarshal(append(first, rest...), &list); err != nil || len(list.Teams) != 230 {
		t.Fatalf("%d teams, %v", len(list.Teams), err)
	}
	for i, team := range list.Teams {
		if team.TeamID != fmt.Sprintf("t%03d", i) {
			t.Fatalf("team %d is %s", i, team.TeamID)
		}
	}
}

// Where LiteLLM's clients look for a team, permissions that nobody has set are an empty list, as LiteLLM has them.
func TestTeamInfo_hasPermissionsAsLiteLLM(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.get("/team/info?team_id=a").ok().has("team_info.team_member_permissions", "[]", "team_member_permissions", "")
	g.post("/team/update", `{"team_id":"a","rpm_limit":1}`).ok().has("data.team_member_permissions", "[]")
	g.get("/team/permissions_list?team_id=a").ok().has("team_member_permissions", `["/key/info","/key/health"]`)
}
