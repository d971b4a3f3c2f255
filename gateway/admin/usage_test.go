package admin_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// used books one served request: a day, who, what, and its cost in cents, 100 prompt and 10 completion tokens.
func (g *gateway) used(day, team, key, model string, cents int64, more ...func(*api.LedgerRow)) {
	g.t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		g.t.Fatal(err)
	}
	g.rows++
	row := api.LedgerRow{
		ID: fmt.Sprintf("row%03d", g.rows), Kind: api.LedgerSettle, AdmittedAt: at.Add(12 * time.Hour), SettledAt: at.Add(12*time.Hour + time.Second),
		RequestID: fmt.Sprint("req", g.rows), TeamID: team, KeyID: key, UserID: "u-" + key, Model: model, Upstream: "openai/api.openai.com",
		PromptTokens: 100, CachedTokens: 40, CompletionTokens: 10, Cost: money.Nano(cents) * money.USD / 100, PriceVersion: "v1",
	}
	for _, change := range more {
		change(&row)
	}
	if err := g.store.AppendLedger(g.t.Context(), []api.LedgerRow{row}, nil); err != nil {
		g.t.Fatal(err)
	}
}

func tagged(endUser string, tags ...string) func(*api.LedgerRow) {
	return func(row *api.LedgerRow) { row.EndUser, row.Tags = endUser, tags }
}

// spent is a gateway with some usage of two teams in two months.
func spent(t *testing.T) *gateway {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"t1","team_alias":"Marketing"}`).ok()
	g.post("/team/new", `{"team_id":"t2"}`).ok()
	g.used("2026-10-31", "t1", "k1", "gpt", 50)
	g.used("2026-11-01", "t1", "k1", "gpt", 100, tagged("anna", "blog", "seo"))
	g.used("2026-11-02", "t1", "k2", "claude", 25, tagged("bert", "blog"))
	g.used("2026-11-02", "t2", "k3", "gpt", 10)
	return g
}

func TestUsage_isTheTeamUsageTable(t *testing.T) {
	g := spent(t)
	want := `{"team_id":"t1","period_start":"2026-10-01","period_end":"2026-10-31","total_cost_usd":0.5,"total_tokens":110,"total_requests":1,"prompt_tokens":100,"cached_tokens":40,"completion_tokens":10}
{"team_id":"t1","period_start":"2026-11-01","period_end":"2026-11-30","total_cost_usd":1.25,"total_tokens":220,"total_requests":2,"prompt_tokens":200,"cached_tokens":80,"completion_tokens":20}
{"team_id":"t2","period_start":"2026-11-01","period_end":"2026-11-30","total_cost_usd":0.1,"total_tokens":110,"total_requests":1,"prompt_tokens":100,"cached_tokens":40,"completion_tokens":10}
`
	lines := g.get("/usage?format=jsonl").ok()
	if lines.text != want || lines.header.Get("Content-Type") != "application/jsonl" {
		t.Errorf("JSON Lines: %s %s", lines.header, lines.text)
	}
	page := g.get("/usage").ok().has("next_cursor", `""`)
	if got := page.at("usage"); got != "["+strings.ReplaceAll(strings.TrimSpace(want), "\n", ",")+"]" {
		t.Errorf("JSON: %s", got)
	}
	table := g.send("GET", "/usage?start_date=2026-11-01&end_date=2026-11-30", "", "Accept", "text/csv").ok()
	if table.text != `team_id,period_start,period_end,total_cost_usd,total_tokens,total_requests,prompt_tokens,cached_tokens,completion_tokens
t1,2026-11-01,2026-11-30,1.25,220,2,200,80,20
t2,2026-11-01,2026-11-30,0.1,110,1,100,40,10
` || table.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("CSV: %s %s", table.header, table.text)
	}
}

func TestUsage_groupsAndFilters(t *testing.T) {
	g := spent(t)
	for query, want := range map[string]string{
		"group_by=key&period=total":                      "k1 1.5, k2 0.25, k3 0.1",
		"group_by=user,model&period=total&team_id=t1":    "u-k1 gpt 1.5, u-k2 claude 0.25",
		"group_by=day&team_id=t1":                        "2026-10-31 0.5, 2026-11-01 1, 2026-11-02 0.25",
		"group_by=tag&period=total":                      "blog 1.25, seo 1",
		"group_by=tag&period=total&end_date=2026-11-01":  "blog 1, seo 1",
		"group_by=team&tag=blog&period=total":            "t1 1.25",
		"group_by=end_user&period=total&model=gpt":       "anna 1",
		"group_by=team&end_user=bert&period=total":       "t1 0.25",
		"group_by=team&period=total&team_id=t1,t2":       "t1 1.75, t2 0.1",
		"group_by=team&period=total&api_key=k3":          "t2 0.1",
		"group_by=model&period=total&user_id=u-k2":       "claude 0.25",
		"group_by=team&period=total&start_date=2027-1-1": "",
		"group_by=team&team_id=nobody":                   "",
	} {
		if strings.Contains(query, "2027-1-1") {
			g.get("/usage?"+query).refused(400, "start_date", "neither a day nor a time; write a UTC day such as")
			continue
		}
		var page struct{ Usage []map[string]any }
		if err := json.Unmarshal([]byte(g.get("/usage?"+query).ok().text), &page); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, sum := range page.Usage {
			words := []string{}
			for _, field := range []string{"team_id", "key_id", "user_id", "model", "tag", "end_user"} {
				if value, there := sum[field]; there {
					words = append(words, fmt.Sprint(value))
				}
			}
			if strings.Contains(query, "day") {
				words = append(words, fmt.Sprint(sum["period_start"]))
			}
			got = append(got, fmt.Sprint(strings.Join(words, " "), " ", sum["total_cost_usd"]))
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%s: %s, want %s", query, text, want)
		}
	}
}

func TestUsage_byHour(t *testing.T) {
	g := newGateway(t)
	for _, team := range []string{"t1", "t2"} {
		g.used("2026-11-01", team, "k", "gpt", 1)
	}
	const days = "start_date=2026-11-01&end_date=2026-11-07"
	table, err := csv.NewReader(strings.NewReader(g.get("/usage?period=hour&group_by=team,model&format=csv&" + days).ok().text)).ReadAll()
	if err != nil || len(table) != 3 || strings.Join(table[0][:4], ",") != "team_id,model,period_start,period_end" ||
		strings.Join(table[2][:4], ",") != "t2,gpt,2026-11-01T12:00:00Z,2026-11-01T13:00:00Z" {
		t.Errorf("%q, %v", table, err)
	}
	first := g.get("/usage?group_by=hour,team&limit=1&" + days).ok()
	if got := ids(t, first, "usage", "team_id"); got != "t1" {
		t.Errorf("the first page has %s", got)
	}
	if got := ids(t, g.get("/usage?group_by=hour,team&limit=1&"+days+"&cursor="+first.textAt("next_cursor")).ok(), "usage", "team_id"); got != "t2" {
		t.Errorf("the next page has %s", got)
	}
}

func TestUsage_pagesByCursor(t *testing.T) {
	g := newGateway(t)
	want := []string{}
	for i := range 7 {
		team := fmt.Sprint("t", i)
		g.used("2026-11-01", team, "k", "gpt", 1)
		want = append(want, team)
	}
	got, cursor := []string{}, ""
	for range 10 {
		answer := g.get("/usage?limit=3&cursor=" + cursor).ok()
		got = append(got, strings.Split(ids(t, answer, "usage", "team_id"), ",")...)
		if cursor = answer.textAt("next_cursor"); cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestUsage_refusesWhatItCannotMean(t *testing.T) {
	g := newGateway(t)
	for query, want := range map[string][2]string{
		"group_by=planet": {"group_by", "must be some of team, key"},
		"period=week":     {"period", "must be one of hour, day, month, total"},
		"period=hour":     {"start_date", "is required with hours"},
		"group_by=hour&start_date=2026-11-01&end_date=2026-11-08&format=csv": {"start_date", "span 8 days and hours are told of 7 at most"},
		"format=xml":                                {"format", "must be one of json, csv, jsonl"},
		"start_date=yesterday":                      {"start_date", "neither a day nor a time; write a UTC day such as"},
		"start_date=2026-11-01T12:00:00Z":           {"start_date", "must be a UTC day"},
		"start_date=2026-11-02&end_date=2026-11-01": {"end_date", "is before start_date"},
		"group_by=tag,end_user":                     {"group_by", "cannot combine tag and end_user"},
		"group_by=tag,end_user&format=csv":          {"group_by", "cannot combine tag and end_user"},
		"cursor=x":                                  {"cursor", "is not one that the gateway has answered"},
		"cursor=WyJhIl0":                            {"cursor", "is not one that the gateway has answered"},
		"limit=0":                                   {"limit", "must be a whole number from 1 to 10000"},
	} {
		g.get("/usage?"+query).refused(400, want[0], want[1])
	}
}

func TestSpendLogs_rowsUnderLiteLLMsNames(t *testing.T) {
	g := spent(t)
	var logs []map[string]any
	if err := json.Unmarshal([]byte(g.get("/spend/logs?team_id=t1&end_user=anna").ok().text), &logs); err != nil || len(logs) != 1 {
		t.Fatalf("%v, %v", logs, err)
	}
	want := map[string]any{
		"request_id": "row002", "client_request_id": "req2", "call_type": "", "api_key": "k1", "spend": 1.0, "total_tokens": 110.0,
		"prompt_tokens": 100.0, "completion_tokens": 10.0, "cached_tokens": 40.0, "startTime": "2026-11-01T12:00:00Z", "endTime": "2026-11-01T12:00:01Z",
		"model": "gpt", "model_group": "gpt", "custom_llm_provider": "openai", "api_base": "api.openai.com", "user": "u-k1", "team_id": "t1",
		"end_user": "anna", "request_tags": []any{"blog", "seo"}, "metadata": map[string]any{}, "cache_hit": "False", "status": "success",
		"kind": "settle", "price_version": "v1", "seq": 2.0,
	}
	if diff := cmp.Diff(want, logs[0]); diff != "" {
		t.Error(diff)
	}
	for query, want := range map[string]string{
		"":                                       "row004,row003,row002,row001",
		"?api_key=k1":                            "row002,row001",
		"?user_id=u-k2":                          "row003",
		"?request_id=row004":                     "row004",
		"?request_id=req3":                       "row003",
		"?start_date=2026-11-01&summarize=false": "row004,row003,row002",
		"?end_date=2026-11-01":                   "row002,row001",
		"?end_date=2026-11-01T11:00:00Z":         "row001",
		"?min_spend=0.25&max_spend=0.5":          "row003,row001",
		"?model=claude&kind=settle":              "row003",
		"?kind=void":                             "",
	} {
		if text := g.get("/spend/logs" + query).ok().text; !jsonList(t, text, "request_id", want) {
			t.Errorf("%s: %s, want %s", query, text, want)
		}
	}
}

func TestSpendLogs_summarizedByDay(t *testing.T) {
	g := spent(t)
	got := g.get("/spend/logs?start_date=2026-11-01&end_date=2026-11-02").ok().text
	want := `[{"startTime":"2026-11-01","spend":1,"users":{"u-k1":1},"models":{"gpt":1},"api_keys":{"k1":1}},` +
		`{"startTime":"2026-11-02","spend":0.35,"users":{"u-k2":0.25,"u-k3":0.1},"models":{"claude":0.25,"gpt":0.1},"api_keys":{"k2":0.25,"k3":0.1}}]` + "\n"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if text := g.get("/spend/logs?start_date=2026-11-02&end_date=2026-11-02&summarize=false").ok().text; !jsonList(t, text, "request_id", "row004,row003") {
		t.Errorf("rows: %s", text)
	}
}

func TestSpendLogs_pages(t *testing.T) {
	g := spent(t)
	first := g.get("/spend/logs/v2?page_size=3").ok().has("total", "4", "page", "1", "page_size", "3", "total_pages", "2")
	if got := ids(t, first, "data", "request_id"); got != "row004,row003,row002" {
		t.Errorf("first page: %s", got)
	}
	for _, query := range []string{"page=2&page_size=3", "page_size=3&cursor=" + first.textAt("next_cursor")} {
		second := g.get("/spend/logs/ui?"+query).ok().has("total", "4", "next_cursor", `""`)
		if got := ids(t, second, "data", "request_id"); got != "row001" {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestSpendLogs_aSpreadsheetRunsNoText(t *testing.T) {
	g := newGateway(t)
	g.used("2026-11-01", "t1", "k1", `=HYPERLINK("http://x")`, 5, tagged("@anna", "-1", "a,b"))
	table, err := csv.NewReader(strings.NewReader(g.get("/spend/logs?format=csv").ok().text)).ReadAll()
	if err != nil || len(table) != 2 {
		t.Fatalf("%v, %v", table, err)
	}
	row := map[string]string{}
	for i, column := range table[0] {
		row[column] = table[1][i]
	}
	if row["model"] != `'=HYPERLINK("http://x")` || row["end_user"] != "'@anna" || row["request_tags"] != `["-1","a,b"]` || row["spend"] != "0.05" {
		t.Errorf("%v", row)
	}
}

// endless is a record with a ledger of any length, and a fault in it if wanted.
type endless struct {
	stores.Record
	rows    int
	fails   int
	written int
	peak    uint64
}

func (e *endless) LedgerPage(_ context.Context, filter api.LedgerFilter) ([]api.LedgerEntry, error) {
	if e.fails > 0 && e.written >= e.fails {
		return nil, errors.New("the disk is gone")
	}
	page := make([]api.LedgerEntry, min(filter.Limit, e.rows-e.written))
	for i := range page {
		page[i].ID, page[i].Model = fmt.Sprint("row", e.written+i), strings.Repeat("m", 200)
	}
	e.written += len(page)
	if e.written%20_000 == 0 {
		e.peak = max(e.peak, inUse())
	}
	return page, nil
}

// inUse is what is left of the heap, in bytes, when what nobody needs any more is gone.
func inUse() uint64 {
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc
}

func TestSpendLogs_areNeverWholeInMemory(t *testing.T) {
	g := newGateway(t)
	record := &endless{Record: g.store, rows: 100_000}
	g.serve(record)
	before := inUse()
	for _, format := range []string{"json", "csv", "jsonl"} {
		record.written = 0
		response := g.open(t, "/spend/logs?format="+format)
		n, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil || n < 20<<20 || record.written != record.rows {
			t.Errorf("%s: %d bytes, %d rows, %v", format, n, record.written, err)
		}
	}
	if most := before + 4<<20; record.peak > most {
		t.Errorf("%d bytes were in memory, at most %d should be", record.peak, most)
	}
}

func TestSpendLogs_halfAnAnswerIsNotTakenForAWholeOne(t *testing.T) {
	g := newGateway(t)
	record := &endless{Record: g.store, rows: 100_000, fails: 5000}
	g.serve(record)
	for _, format := range []string{"json", "csv", "jsonl"} {
		record.written = 0
		response := g.open(t, "/spend/logs?format="+format)
		_, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err == nil {
			t.Errorf("%s: the answer ends as if it were whole", format)
		}
	}
	g.serve(&failing{Record: g.store})
	g.get("/spend/logs?format=csv").refused(500, "", "internal error")
}

// failing is a record that cannot read its ledger.
type failing struct{ stores.Record }

func (failing) LedgerPage(context.Context, api.LedgerFilter) ([]api.LedgerEntry, error) {
	return nil, errors.New("the disk is gone")
}

// open sends a request and leaves the body to be read.
func (g *gateway) open(t *testing.T, path string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	response, err := g.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// Pages are turned by number as far as rows are counted, and by cursor from there on.
func TestSpendLogs_pagesByNumberEnd(t *testing.T) {
	g := newGateway(t)
	for query, most := range map[string]string{
		"page_size=1000": "100000", "page_size=1000&team_id=a": "100000", "page_size=1000&min_spend=0&max_spend=2": "100000",
		"page_size=1000&team_id=a&model=m": "10000", "page_size=1000&team_id=a&min_spend=1": "10000",
	} {
		last := most[:len(most)-3]
		g.get("/spend/logs/v2?" + query + "&page=" + last).ok()
		g.get("/spend/logs/v2?"+query+"&page="+last+"1").refused(400, "page", "after the first "+most+" rows")
	}
}
