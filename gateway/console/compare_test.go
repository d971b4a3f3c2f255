package console_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// upload sends a file with the form of a page.
func (v *visitor) upload(path, file string) (int, string) {
	v.t.Helper()
	_, page := v.get(path)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	field, err := form.CreateFormFile("file", "costs.csv")
	if err != nil {
		v.t.Fatal(err)
	}
	_, _ = field.Write([]byte(file))
	_ = form.WriteField("csrf", csrf(page))
	if err := form.Close(); err != nil {
		v.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.root+path, &body)
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return send(v.t, v.Client, request)
}

// A provider's bill is laid beside the record by day and model, whatever it calls the model; differences stand first.
func TestCompare_aBillWithTheRecord(t *testing.T) {
	t.Parallel()
	day := time.Date(2026, 9, 27, 12, 0, 0, 0, time.UTC)
	w := open(t, func(s *store.Store) {
		var rows []api.LedgerRow
		for i, use := range []struct {
			model string
			after int
			cost  money.Nano
		}{{"gpt-4.1-mini", 0, money.USD}, {"gpt-4.1-mini", 1, 2 * money.USD}, {"house", 0, 3 * money.USD}, {"gpt-4.1-mini", 9, 50 * money.USD}} {
			at := day.AddDate(0, 0, use.after)
			rows = append(rows, api.LedgerRow{
				ID: "row-" + string(rune('a'+i)), Kind: api.LedgerSettle, AdmittedAt: at, SettledAt: at, RequestID: "past", TeamID: "research", KeyID: "k", Model: use.model, Cost: use.cost,
			})
		}
		if err := s.AppendLedger(t.Context(), rows, nil); err != nil {
			t.Fatal(err)
		}
	})
	v := w.signedIn(adminKey)
	status, page := v.upload("/console/usage/compare", "start_time_iso,amount_value,amount_currency,line_item\n"+
		"2026-09-27T00:00:00+00:00,0.4,usd,\"gpt-4.1-mini-2025-04-14, input\"\n2026-09-27T00:00:00+00:00,0.6,usd,\"gpt-4.1-mini-2025-04-14, output\"\n"+
		"2026-09-28T00:00:00+00:00,2.5,usd,\"gpt-4.1-mini-2025-04-14, output\"\n2026-09-28T00:00:00+00:00,7,usd,\"sora-2, video\"\n")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text(page))
	}
	expect(t, page, "Charged, 2026-09-27 to 2026-09-28 $10.50", "Recorded here $3.00", "2026-09-28 sora-2 Not called here $7.00 $0.00 −$7.00 2026-09-28 gpt-4.1-mini $2.50 $2.00 −$0.50 2026-09-27 gpt-4.1-mini $1.00 $1.00 $0.00",
		"not in the file house $3.00")
	for file, want := range map[string]string{"": "names of the columns", "a,b\n": "no column for", "date,model,cost\n2026-09-27,m,x\n": "Line 2"} {
		if status, page := v.upload("/console/usage/compare", file); status != http.StatusBadRequest || !strings.Contains(text(page), want) {
			t.Errorf("%q: %d lacks %q: %s", file, status, want, text(page))
		}
	}
	if status, _ := v.upload("/console/usage/compare", "date,model,cost\n"+strings.Repeat("2026-09-27,m,1\n", 20_000)); status != http.StatusOK {
		t.Errorf("a file of 300 KB: %d", status)
	}
}
