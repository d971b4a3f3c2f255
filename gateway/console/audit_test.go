package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The file of changes has every change that is so, once and in order, however many pages it is read in.
func TestAudit_isDownloadedWhole(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	const teams = 520 // more than is read in one go
	for i := range teams {
		w.admin("/team/new", fmt.Sprintf(`{"team_id":"team-%d"}`, i))
	}
	w.admin("/budget/new", `{"budget_id":"other","max_budget":1}`)
	v := w.signedIn(adminKey)
	status, file := v.get("/console/audit.jsonl?action=team.create")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, file)
	}
	lines := strings.Split(strings.TrimSpace(file), "\n")
	for i, line := range lines {
		var row api.Audit
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("team-%d", teams-1-i); row.ObjectID != want {
			t.Fatalf("line %d is about %s, want %s", i+1, row.ObjectID, want)
		}
	}
	if len(lines) != teams {
		t.Errorf("%d lines, want %d", len(lines), teams)
	}
}
