package app_test

import (
	"context"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Redis stops for a moment and does what it was asked to when nobody waits for it any more. The call that was meant is
// served without it, and what was made for it unheard is taken back while it runs: its answer is booked in full, once.
func TestPromise_T7_aShortPauseVoidsNoAnswer(t *testing.T) {
	t.Parallel()
	server := testenv.StartRedis(t)
	proxy := quotatest.StartProxy(t, server.Addr())
	i := installAt(t, server, proxy.Addr(), 0)
	key := i.team("rated", `,"rpm_limit":1000,"max_parallel_requests":2`)
	if o := try(t.Context(), i.gateways[0].URL(), key, "before", chat(1, "")); !o.served() {
		t.Fatalf("a call before: %d %s", o.status, o.body)
	}

	proxy.Delay(true)
	underWay := make(chan outcome, 1)
	go func() { underWay <- try(t.Context(), i.gateways[0].URL(), key, "meanwhile", chat(10, "hang")) }()
	waiting, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	if err := i.upstream.WaitRunning(waiting, 1); err != nil {
		t.Fatal(err)
	}
	proxy.Delay(false)
	client := i.redisClient()
	await(t, awaitLong, "what was made unheard to be taken back", func() bool {
		var ended int64
		for _, key := range client.Keys(t.Context(), "bursar:{t:rated}:d:*").Val() {
			ended += client.HLen(t.Context(), key).Val()
		}
		return ended >= 2 && client.HLen(t.Context(), "bursar:{t:rated}:r").Val() == 1
	})
	i.upstream.Release()
	if o := <-underWay; !o.served() {
		t.Errorf("the call: %d %s", o.status, o.body)
	}
	rows := map[string][]ledgerRow{}
	for _, row := range i.awaitLedger("rated") {
		rows[row.RequestID] = append(rows[row.RequestID], row)
	}
	if list := rows["meanwhile"]; len(list) != 1 || list[0].Kind != "settle" || list[0].Cost != 15*cent {
		t.Errorf("the ledger of the call: %+v, want one row of 15 cents", list)
	}
}
