package ledgerexport_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/ledgerexport"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a ledger in memory with one receiver.
type book struct {
	mu     sync.Mutex
	rows   []api.LedgerEntry
	sent   int64
	holder string
	until  time.Time
	down   bool
}

func (b *book) add(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		seq := int64(len(b.rows)*2 + 1) // with gaps, as in a database
		b.rows = append(b.rows, api.LedgerEntry{Seq: seq, LedgerRow: api.LedgerRow{ID: fmt.Sprint("row", seq), SettledAt: time.Now()}})
	}
}

func (b *book) LedgerEnd(context.Context) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return 0, errors.New("the record is down")
	}
	return int64(len(b.rows) * 2), nil
}

func (b *book) LedgerAfter(_ context.Context, seq, end int64, n int) ([]api.LedgerEntry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []api.LedgerEntry
	for _, row := range b.rows {
		if row.Seq > seq && row.Seq <= end && len(found) < n {
			found = append(found, row)
		}
	}
	return found, nil
}

func (b *book) ClaimLedgerExport(_ context.Context, _, holder string, now, until time.Time) (int64, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holder != holder && now.Before(b.until) {
		return 0, false, nil
	}
	b.holder, b.until = holder, until
	return b.sent, true, nil
}

func (b *book) MoveLedgerExport(_ context.Context, _, holder string, seq int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holder != holder || seq <= b.sent {
		return errors.New("taken")
	}
	b.sent = seq
	return nil
}

func (b *book) ReleaseLedgerExport(_ context.Context, _, holder string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.holder == holder {
		b.until = time.Time{}
	}
	return nil
}

func (b *book) at() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent
}

// receiver remembers what arrived and fails when told to.
type receiver struct {
	mu      sync.Mutex
	batches [][]int64
	// fails is asked before each delivery; lost says that rows arrive though the sender learns otherwise.
	fails func(n int) error
	lost  bool
	tries int
}

func (r *receiver) Deliver(_ context.Context, rows []api.LedgerEntry) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	var err error
	if r.fails != nil {
		err = r.fails(r.tries)
	}
	if err == nil || r.lost {
		var batch []int64
		for _, row := range rows {
			batch = append(batch, row.Seq)
		}
		r.batches = append(r.batches, batch)
	}
	return err
}

func (r *receiver) seqs() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Concat(r.batches...)
}

func exporter(b *book, target ledgerexport.Target, holder string, change ...func(*ledgerexport.Options)) *ledgerexport.Exporter {
	options := ledgerexport.Options{
		Name: "x", Source: b, Target: target, Holder: holder, Logger: slog.New(slog.DiscardHandler), Batch: 10,
	}
	for _, c := range change {
		c(&options)
	}
	return ledgerexport.New(options)
}

// running runs an exporter until the function that it returns is called.
func running(e *ledgerexport.Exporter) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { e.Run(ctx) })
	return func() { cancel(); done.Wait() }
}

func numbers(n int) (seqs []int64) {
	for i := range n {
		seqs = append(seqs, int64(i*2+1))
	}
	return seqs
}

func TestExporter_sendsEveryRowOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := &book{}, &receiver{}
		stop := running(exporter(b, r, "a"))
		for i := range 20 {
			b.add(i * 3)
			time.Sleep(700 * time.Millisecond)
		}
		time.Sleep(2 * time.Second)
		stop()
		if got := r.seqs(); !slices.Equal(got, numbers(len(b.rows))) || len(got) != 570 {
			t.Errorf("%d rows arrived: %v", len(got), got)
		}
	})
}

func TestExporter_triesTheSameBatchAgainUntilItArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := &book{}, &receiver{lost: true}
		r.fails = func(n int) error {
			if n <= 5 {
				return errors.New("not now")
			}
			return nil
		}
		b.add(3)
		var lags []ledgerexport.Lag
		stop := running(exporter(b, r, "a", func(o *ledgerexport.Options) { o.OnLag = func(l ledgerexport.Lag) { lags = append(lags, l) } }))
		time.Sleep(10 * time.Second)
		b.add(4) // they do not come into the batch that is under way
		time.Sleep(time.Minute)
		stop()
		if len(r.batches) != 7 || !slices.Equal(r.batches[5], []int64{1, 3, 5}) || !slices.Equal(r.batches[6], []int64{7, 9, 11, 13}) {
			t.Errorf("batches: %v", r.batches)
		}
		for _, batch := range r.batches[:5] {
			if !slices.Equal(batch, []int64{1, 3, 5}) {
				t.Errorf("a repetition was %v", batch)
			}
		}
		behind := slices.ContainsFunc(lags, func(l ledgerexport.Lag) bool { return l.Rows >= 3 && l.Age > 10*time.Second })
		if !behind || lags[len(lags)-1] != (ledgerexport.Lag{}) {
			t.Errorf("lag was told as %v", lags)
		}
	})
}

func TestExporter_waitsLongerEachTimeAndAsLongAsItIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := &book{}, &receiver{}
		var tries []time.Time
		r.fails = func(n int) error {
			tries = append(tries, time.Now())
			if n == 3 {
				return &ledgerexport.Delayed{After: 20 * time.Second, Err: errors.New("busy")}
			}
			return errors.New("not now")
		}
		b.add(1)
		stop := running(exporter(b, r, "a"))
		time.Sleep(3 * time.Minute)
		stop()
		for i, seconds := range []int{1, 2, 20, 8, 16, 30, 30} {
			gap, most := tries[i+1].Sub(tries[i]), time.Duration(seconds)*time.Second
			if gap > most || gap < most*3/4 {
				t.Errorf("after try %d it waited %s, want up to %s", i+1, gap, most)
			}
		}
		if b.at() != 0 {
			t.Error("what did not arrive is noted as arrived")
		}
	})
}

func TestExporter_oneGatewaySendsAndAnotherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, first, second := &book{}, &receiver{}, &receiver{}
		stopFirst := running(exporter(b, first, "a"))
		time.Sleep(100 * time.Millisecond)
		stopSecond := running(exporter(b, second, "b"))
		b.add(35)
		time.Sleep(5 * time.Minute) // leases are renewed
		if len(first.seqs()) != 35 || len(second.seqs()) != 0 {
			t.Errorf("%d and %d rows", len(first.seqs()), len(second.seqs()))
		}
		stopFirst()
		b.add(20)
		time.Sleep(2 * time.Second)
		stopSecond()
		if got := append(first.seqs(), second.seqs()...); !slices.Equal(got, numbers(55)) {
			t.Errorf("%v", got)
		}
	})
}

func TestExporter_losesNoRowWhenGatewaysDie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := &book{}, &receiver{}
		random, fate := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
		r.fails = func(int) error { // arrives, and the gateway dies before it can note it
			if fate.IntN(4) == 0 {
				return errors.New("killed")
			}
			return nil
		}
		r.lost = true
		for i := range 40 {
			b.add(random.IntN(30))
			stop := running(exporter(b, r, fmt.Sprint("gateway", i)))
			time.Sleep(time.Duration(random.IntN(3000)) * time.Millisecond)
			stop()
		}
		r.fails = nil
		stop := running(exporter(b, r, "last"))
		time.Sleep(time.Minute)
		stop()
		seen := []int64{}
		for _, seq := range r.seqs() {
			if !slices.Contains(seen, seq) {
				seen = append(seen, seq)
			}
		}
		if !slices.Equal(seen, numbers(len(b.rows))) {
			t.Errorf("arrived, repetitions aside: %v", seen)
		}
		if len(r.seqs()) == len(seen) {
			t.Error("nothing came twice: the test did not test anything")
		}
	})
}

func TestExporter_recordIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := &book{down: true}, &receiver{}
		stop := running(exporter(b, r, "a"))
		b.add(5)
		time.Sleep(time.Minute)
		b.mu.Lock()
		b.down = false
		b.mu.Unlock()
		time.Sleep(time.Minute)
		stop()
		if len(r.seqs()) != 5 {
			t.Errorf("%v", r.seqs())
		}
	})
}

const secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

func entries(from, to int64) (rows []api.LedgerEntry) {
	for seq := from; seq <= to; seq++ {
		rows = append(rows, api.LedgerEntry{Seq: seq, LedgerRow: api.LedgerRow{ID: fmt.Sprint("row", seq), TeamID: "t1", Tags: []string{"blog"}}})
	}
	return rows
}

func TestHTTP_signedBatches(t *testing.T) {
	w, err := testenv.NewWebhook(testenv.WebhookOptions{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	target, err := ledgerexport.NewHTTP(client, w.URL()+"/rows?token=canary", new(secret), "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Deliver(t.Context(), entries(3, 5)); err != nil {
		t.Fatal(err)
	}
	w.Answer(testenv.Reply{Status: 429, Header: http.Header{"Retry-After": {"7"}}})
	err = target.Deliver(t.Context(), entries(6, 7))
	var delayed *ledgerexport.Delayed
	if !errors.As(err, &delayed) || delayed.After != 7*time.Second || strings.Contains(err.Error(), "canary") {
		t.Errorf("429: %v", err)
	}
	w.Answer(testenv.Reply{Status: 302, Header: http.Header{"Location": {w.URL()}}})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if err := target.Deliver(t.Context(), entries(6, 7)); err == nil {
		t.Error("a redirect counts as an arrival")
	}
	deliveries := w.Deliveries()
	first := deliveries[0]
	var body ledgerexport.Body
	if err := json.Unmarshal(first.Body, &body); err != nil {
		t.Fatal(err)
	}
	if first.SignatureErr != nil || first.ID != "ledger_3_5" || body.Type != "ledger.rows" || body.Data.FirstSeq != 3 || body.Data.LastSeq != 5 ||
		len(body.Data.Rows) != 3 || body.Data.Rows[0].ID != "row3" || body.Data.Rows[0].Tags[0] != "blog" {
		t.Errorf("%+v %s", first, first.Body)
	}
	if deliveries[1].ID != deliveries[2].ID {
		t.Errorf("a repetition has another id: %s, %s", deliveries[1].ID, deliveries[2].ID)
	}
	if _, err := ledgerexport.NewHTTP(client, w.URL(), new("short"), "test"); err == nil {
		t.Error("a short secret was taken")
	}
}

func TestHTTP_errorsHoldNoAddress(t *testing.T) {
	target, err := ledgerexport.NewHTTP(&http.Client{}, "http://127.0.0.1:1/canary?token=canary", nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	if err := target.Deliver(t.Context(), entries(1, 1)); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}

// lines reads the numbers of the rows in files.
func lines(t *testing.T, paths ...string) (seqs []int64) {
	t.Helper()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		scanner := bufio.NewScanner(file)
		for scanner.Scan() {
			var row api.LedgerEntry
			if err := json.Unmarshal(scanner.Bytes(), &row); err != nil {
				t.Fatalf("%s: %v: %q", path, err, scanner.Text())
			}
			seqs = append(seqs, row.Seq)
		}
		file.Close()
	}
	return seqs
}

func deliver(t *testing.T, f *ledgerexport.File, from, to int64) {
	t.Helper()
	if err := f.Deliver(t.Context(), entries(from, to)); err != nil {
		t.Fatal(err)
	}
}

func TestFile_rotatesBySizeAndKeepsEveryRow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out [1]", "ledger.jsonl")
	f := &ledgerexport.File{Path: path, MaxBytes: 4000}
	for i := range int64(40) {
		deliver(t, f, i*2+1, i*2+2)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) < 5 {
		t.Fatalf("%v, %v", names, err)
	}
	paths := []string{}
	for _, name := range names {
		info, err := name.Info()
		if err != nil || info.Size() > 4000 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name.Name(), info, err)
		}
		if name.Name() != "ledger.jsonl" {
			paths = append(paths, filepath.Join(filepath.Dir(path), name.Name()))
		}
	}
	want := []int64{}
	for i := range int64(80) {
		want = append(want, i+1)
	}
	if got := lines(t, append(paths, path)...); !slices.Equal(got, want) {
		t.Errorf("rows: %v", got)
	}

	f.Keep = 2
	deliver(t, f, 100, 120)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 3 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestFile_halfARowIsCutOffAndComesAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	for _, torn := range []string{"", `{"seq":3,"id":"ro`, strings.Repeat("x", 200_000)} {
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		f := &ledgerexport.File{Path: path}
		deliver(t, f, 1, 2)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteString(torn); err != nil {
			t.Fatal(err)
		}
		file.Close()
		deliver(t, f, 3, 4)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if got := lines(t, path); !slices.Equal(got, []int64{1, 2, 3, 4}) {
			t.Errorf("after %.20q: %v", torn, got)
		}
	}
	only := filepath.Join(t.TempDir(), "torn")
	if err := os.WriteFile(only, []byte("no line at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := &ledgerexport.File{Path: only}
	deliver(t, f, 1, 1)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := lines(t, only); !slices.Equal(got, []int64{1}) {
		t.Errorf("%v", got)
	}
}

func TestFile_cannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	f := &ledgerexport.File{Path: folder}
	if err := f.Deliver(t.Context(), entries(1, 1)); err == nil {
		t.Error("a folder was written to")
	}
}
