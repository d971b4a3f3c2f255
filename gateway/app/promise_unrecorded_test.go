package app_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
)

// PostgreSQL is away for longer than Redis is told again what was settled, and Redis is emptied meanwhile. Every answer is
// in the ledger when PostgreSQL is back, and the cap is where it was.
func TestPromise_T8_withoutTheRecordNothingIsLost(t *testing.T) {
	t.Parallel()
	i := install(t, 1)
	address, err := url.Parse(i.settings.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := quotatest.StartProxy(t, address.Host)
	server := address.Host
	address.Host = proxy.Addr()
	apart := i.settings
	apart.DataDir, apart.DatabaseURL = t.TempDir(), address.String()
	gateway := start(t, apart)
	key := i.team("marketing", `,"max_budget":3`)
	if o := try(t.Context(), gateway.URL(), key, "before", chat(1, "")); !o.served() {
		t.Fatalf("a call before: %d %s", o.status, o.body)
	}

	proxy.Redirect("127.0.0.1:1") // nobody listens there
	const calls = 10
	for number := range calls {
		if o := try(t.Context(), gateway.URL(), key, fmt.Sprintf("meanwhile-%d", number), chat(10, "")); !o.served() {
			t.Fatalf("a call without PostgreSQL: %d %s", o.status, o.body)
		}
	}
	if err := i.redisClient().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	refused := try(t.Context(), gateway.URL(), key, "emptied", chat(1, ""))
	if refused.served() {
		t.Error("a call was served while nobody knew what was spent")
	}
	proxy.Redirect(server)

	rows := map[string]int{}
	await(t, awaitLong, "the calls to be in the ledger", func() bool {
		clear(rows)
		for _, row := range i.ledger("marketing") {
			rows[row.RequestID]++
		}
		return len(rows) >= calls+1
	})
	for number := range calls {
		if id := fmt.Sprintf("meanwhile-%d", number); rows[id] != 1 {
			t.Errorf("%s is in the ledger %d times", id, rows[id])
		}
	}
	want := calls*15*cent + 6*cent
	await(t, awaitLong, "the counter to say what the ledger says", func() bool { return i.spend("marketing") == want })
}
