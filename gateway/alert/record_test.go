package alert_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/webhook"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

var _ alert.Outbox = (*store.Store)(nil)

const hookSecret = "a secret that is long enough"

// record is a real database with as many gateways on it as a test wants, and a clock that it moves.
type record struct {
	address string
	sealer  *seal.Sealer
	ahead   atomic.Int64 // nanoseconds
}

// onEachDatabase runs a test over a record of its own on SQLite and on PostgreSQL.
func onEachDatabase(t *testing.T, test func(*testing.T, *record)) {
	t.Helper()
	for name, address := range map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return storetest.SQLite(t, t.TempDir()) },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			sealer, err := seal.LoadOrCreate(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			test(t, &record{address: address(t), sealer: sealer})
		})
	}
}

func (r *record) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func (r *record) open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), r.address, store.Options{
		Sealer: r.sealer, Now: r.now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// send runs a sender with a real webhook target until stop, or the end of the test.
func (r *record) send(t *testing.T, outbox alert.Outbox) (sender *alert.Sender, stop func()) {
	t.Helper()
	client := safedial.NewClient(safedial.Options{AllowPrivate: true, AllowHTTP: true, Timeout: 500 * time.Millisecond})
	sender = alert.New(alert.Options{
		Outbox: outbox, Targets: map[string]alert.Target{"webhook": webhook.New(post.New(client, "test"))}, Now: r.now, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); sender.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return sender, stop
}

func addRoute(t *testing.T, s *store.Store, name, target string) {
	t.Helper()
	secret := hookSecret
	route := api.NewAlertRoute("route_" + name)
	route.Events = api.StringList{api.EventBudgetSoftLimit} // not of other routes that fail
	route.Name, route.Webhook = name, &api.WebhookTarget{URL: target, Secret: &secret}
	if _, err := s.CreateAlertRoute(t.Context(), api.Change{Actor: "test"}, route); err != nil {
		t.Fatal(err)
	}
}

func addEvents(t *testing.T, s *store.Store, events ...api.AlertEvent) {
	t.Helper()
	if err := s.AppendLedger(t.Context(), nil, events); err != nil {
		t.Fatal(err)
	}
}

// awaitDelivery waits until the one delivery to a route is as wanted.
func awaitDelivery(t *testing.T, s *store.Store, name string, want func(api.AlertDelivery) bool) {
	t.Helper()
	var last []api.AlertDelivery
	deadline := time.After(10 * time.Second)
	for {
		var err error
		if last, _, err = s.AlertDeliveries(t.Context(), api.AlertDeliveryFilter{AlertRouteID: "route_" + name}); err != nil {
			t.Fatal(err)
		}
		if len(last) == 1 && want(last[0]) {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("deliveries to %s are still %+v", name, last)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// noted says that so many attempts have ended and how is stored.
func noted(state string, attempts int) func(api.AlertDelivery) bool {
	return func(d api.AlertDelivery) bool {
		return d.State == state && d.Attempts == attempts && !underWay(d)
	}
}

// underWay tells a delivery that is claimed, for a minute to the millisecond, from one that waits for its next attempt.
func underWay(d api.AlertDelivery) bool {
	return d.NextAttemptAt != nil && d.NextAttemptAt.Sub(d.UpdatedAt) == time.Minute
}

// reset ends a connection so that the other side cannot take it for a regular end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// startResetter starts a receiver that takes the first delivery and resets the connection before it answers.
func startResetter(t *testing.T) (address string, ids func() []string) {
	t.Helper()
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header.Get("webhook-id"))
		if len(seen) > 1 {
			return
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			reset(conn)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

// One event for receivers of every bad habit, over a real database and real connections.
func TestDelivery_badReceivers(t *testing.T) {
	onEachDatabase(t, testBadReceivers)
}

func testBadReceivers(t *testing.T, record *record) {
	s := record.open(t)
	start := func(replies ...testenv.Reply) *testenv.Webhook {
		hook := testenv.StartWebhook(t, testenv.WebhookOptions{Secret: hookSecret})
		hook.Answer(replies...)
		return hook
	}
	healthy, breaks, hangs := start(), start(testenv.Reply{Status: 500}), start(testenv.Reply{Hang: true})
	redirects, gone := start(), start(testenv.Reply{Status: 410})
	redirects.AnswerAlways(testenv.Reply{Status: 302, Header: http.Header{"Location": {healthy.URL()}}})
	resets, resetIDs := startResetter(t)
	for name, hook := range map[string]*testenv.Webhook{
		"healthy": healthy, "breaks": breaks, "hangs": hangs, "redirects": redirects, "gone": gone,
	} {
		addRoute(t, s, name, hook.URL())
	}
	addRoute(t, s, "resets", resets)

	sender, _ := record.send(t, s)
	addEvents(t, s, events(1)...)
	sender.Wake()
	awaitDelivery(t, s, "healthy", noted(api.DeliverySent, 1))
	awaitDelivery(t, s, "gone", noted(api.DeliveryDead, 1))
	for _, name := range []string{"breaks", "hangs", "resets", "redirects"} {
		awaitDelivery(t, s, name, noted(api.DeliveryPending, 1))
	}

	record.ahead.Add(int64(6 * time.Second))
	sender.Wake()
	for _, name := range []string{"breaks", "hangs", "resets"} {
		awaitDelivery(t, s, name, noted(api.DeliverySent, 2))
	}
	for attempt := 2; attempt < 10; attempt++ {
		awaitDelivery(t, s, "redirects", noted(api.DeliveryPending, attempt))
		record.ahead.Add(int64(27 * time.Hour))
		sender.Wake()
	}
	awaitDelivery(t, s, "redirects", noted(api.DeliveryDead, 10))

	for name, want := range map[*testenv.Webhook]int{healthy: 1, breaks: 2, hangs: 2, redirects: 10, gone: 1} {
		assertSameEvent(t, name, want)
	}
	if ids := resetIDs(); len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("the receiver that resets got %v, want one id twice", ids)
	}
}

// assertSameEvent checks that a receiver got the first event so often, signed and unchanged each time.
func assertSameEvent(t *testing.T, hook *testenv.Webhook, times int) {
	t.Helper()
	deliveries := hook.Deliveries()
	if len(deliveries) != times {
		t.Errorf("%d deliveries, want %d", len(deliveries), times)
	}
	for _, d := range deliveries {
		if d.ID != "event_0" || d.SignatureErr != nil || !bytes.Equal(d.Body, deliveries[0].Body) {
			t.Errorf("delivery %s, signature %v, body %s", d.ID, d.SignatureErr, d.Body)
		}
	}
}

// dying is the outbox of a gateway that is killed after the receiver's answer and before it is noted.
type dying struct {
	*store.Store
	died chan struct{}
}

func (d *dying) DeliverySent(context.Context, string, int, string) error {
	close(d.died)
	return errOutbox
}

func TestDelivery_killedBeforeTheMark(t *testing.T) {
	onEachDatabase(t, testKilledBeforeTheMark)
}

func testKilledBeforeTheMark(t *testing.T, record *record) {
	s := record.open(t)
	hook := testenv.StartWebhook(t, testenv.WebhookOptions{Secret: hookSecret})
	addRoute(t, s, "a", hook.URL())
	addEvents(t, s, events(1)...)

	first := &dying{Store: record.open(t), died: make(chan struct{})}
	_, stop := record.send(t, first)
	<-first.died
	stop()
	awaitDelivery(t, s, "a", func(d api.AlertDelivery) bool { return d.State == api.DeliveryPending && d.Attempts == 1 })

	record.ahead.Add(int64(61 * time.Second))
	record.send(t, s)
	awaitDelivery(t, s, "a", noted(api.DeliverySent, 2))
	assertSameEvent(t, hook, 2)
}

func TestDelivery_twoGateways(t *testing.T) {
	onEachDatabase(t, testTwoGateways)
}

func testTwoGateways(t *testing.T, record *record) {
	const n = 50
	first, second := record.open(t), record.open(t)
	hooks := []*testenv.Webhook{
		testenv.StartWebhook(t, testenv.WebhookOptions{Secret: hookSecret}),
		testenv.StartWebhook(t, testenv.WebhookOptions{Secret: hookSecret}),
	}
	addRoute(t, first, "a", hooks[0].URL())
	addRoute(t, first, "b", hooks[1].URL())
	one, _ := record.send(t, first)
	two, _ := record.send(t, second)
	for _, event := range events(n) {
		addEvents(t, first, event)
		one.Wake()
		two.Wake()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, hook := range hooks {
		deliveries, err := hook.Wait(ctx, n)
		if err != nil {
			t.Fatalf("%d of %d deliveries: %v", len(deliveries), n, err)
		}
	}
	for _, name := range []string{"route_a", "route_b"} {
		awaitAllSent(t, first, name, n)
	}
	for _, hook := range hooks {
		assertEachOnce(t, hook.Deliveries(), n)
	}
}

func awaitAllSent(t *testing.T, s *store.Store, routeID string, n int) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		_, total, err := s.AlertDeliveries(t.Context(), api.AlertDeliveryFilter{AlertRouteID: routeID, State: api.DeliverySent})
		if err != nil {
			t.Fatal(err)
		}
		if total == n {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%d of %d deliveries to %s noted", total, n, routeID)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func assertEachOnce(t *testing.T, deliveries []testenv.Delivery, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, d := range deliveries {
		seen[d.ID]++
	}
	if len(seen) != n || len(deliveries) != n {
		t.Errorf("%d deliveries of %d events, want %d of each", len(deliveries), len(seen), n)
	}
}
