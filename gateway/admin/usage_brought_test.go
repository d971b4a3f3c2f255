package admin_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/usage"
	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A day of many sums is larger than other requests, and refused by how many there are, never by its size.
func TestUsageBring_ofLargeDays(t *testing.T) {
	id := strings.Repeat("x", 255)
	largest, err := json.Marshal(api.BroughtSum{
		TeamID: id, KeyID: id, UserID: id, Model: id, Spend: 1_234_567 * money.USD / 1_000_000_000,
		Requests: math.MaxInt32, PromptTokens: math.MaxInt64, CachedTokens: math.MaxInt64, CompletionTokens: math.MaxInt64,
	})
	if err != nil {
		t.Fatal(err)
	}
	if size := (len(largest) + 1) * api.MaxBroughtSums; size > usage.MaxBringBody {
		t.Errorf("a full day takes %d bytes", size)
	}
	sums := strings.Repeat(string(largest)+",", api.MaxBroughtSums)
	g := newGateway(t)
	g.post("/usage/bring", `{"origin":"o","day":"2026-11-01","sums":[`+sums+`{}]}`).refused(400, "sums", "are 40001; a day has at most 40000")
	g.post("/budget/new", `{"budget_id":"b","metadata":[`+strings.Repeat(`{"a":0,"b":0},`, 50_000)+`{}]}`).refused(400, "", "has more than 100000 field names")
	g.post("/usage/bring", `{"origin":"o","day":"2026-11-01","sums":[`+strings.Repeat(" ", httpx.DefaultMaxBody)+`{}]}`).ok()
}

// Full days of the largest counts that are taken can be added up.
func TestUsageBring_ofLargeCounts(t *testing.T) {
	g := newGateway(t)
	const half = `"requests":562949953421312,"prompt_tokens":562949953421312,"cached_tokens":562949953421312,"completion_tokens":562949953421312`
	for _, day := range []string{"2026-11-01", "2026-11-02", "2026-11-03"} {
		g.post("/usage/bring", `{"origin":"o","day":"`+day+`","sums":[{"team_id":"a",`+half+`},{"team_id":"b",`+half+`}]}`).ok()
	}
	if got := g.get("/usage?period=total&group_by=day").ok().text; !strings.Contains(got, `"total_tokens":2251799813685248`) {
		t.Errorf("a full day is told as %s", got)
	}
	if got := g.get("/usage?period=total&group_by=team").ok().text; strings.Count(got, `"total_tokens":3377699720527872`) != 2 {
		t.Errorf("three full days of two teams are told as %s", got)
	}
	g.post("/usage/bring", `{"origin":"o","day":"2026-11-04","sums":[{"team_id":"a",`+half+`},{"team_id":"b",`+half+`},{"completion_tokens":1}]}`).
		refused(400, "sums[2].completion_tokens", "those of a day come to at most 1125899906842624")
	g.post("/usage/bring", `{"origin":"o","day":"2026-11-04","sums":[{"requests":-1}]}`).refused(400, "sums[0].requests", "must not be negative")
}
