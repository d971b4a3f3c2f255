package pricefeed_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/pricefeed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// server is a real HTTPS server with a list, and a feed of it.
type server struct {
	*httptest.Server
	t       *testing.T
	mu      sync.Mutex
	files   map[string]string
	options pricefeed.Options
	changed int
	log     strings.Builder
}

func startServer(t *testing.T) *server {
	s := &server{t: t, files: map[string]string{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		text, found := s.files[r.URL.RequestURI()]
		s.mu.Unlock()
		if !found {
			http.Error(w, "nothing here", http.StatusNotFound)
			return
		}
		fmt.Fprint(w, text)
	}))
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	s.options = pricefeed.Options{
		URL: s.URL + "/list.json?token=canary", Refresh: time.Hour, Path: filepath.Join(t.TempDir(), "kept.json"), Under: pricing.Embedded(),
		Client:  safedial.NewClient(safedial.Options{AllowPrivate: true, RootCAs: pool, MaxResponse: pricefeed.MaxBytes}),
		Changed: func(context.Context, *pricing.Catalogue) error { s.changed++; return nil },
		Logger:  slog.New(slog.NewTextHandler(&s.log, nil)), Now: time.Now,
	}
	return s
}

func (s *server) serve(list string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files["/list.json?token=canary"] = list
}

// list is a file in LiteLLM's format with models of those input prices in dollars a million; their output costs twice that.
func list(models map[string]float64) string {
	var entries []string
	for name, price := range models {
		entries = append(entries, fmt.Sprintf(`%q: {"litellm_provider":"openai","mode":"chat","input_cost_per_token":%g,"output_cost_per_token":%g}`, name, price/1e6, 2*price/1e6))
	}
	return "{" + strings.Join(entries, ",") + "}"
}

// input is what a million tokens of a model's prompt cost by the feed; -1 is not known.
func input(f *pricefeed.Feed, model string) money.Nano {
	if f.Catalogue() == nil {
		return -1
	}
	price, known := f.Catalogue().Find("openai", model)
	if !known {
		return -1
	}
	return price.Input
}

func TestFeed_keepsTheLastGoodList(t *testing.T) {
	s := startServer(t)
	s.serve(list(map[string]float64{"a": 1, "b": 2}))
	feed := pricefeed.New(s.options)
	if err := feed.Fetch(t.Context()); err != nil || input(feed, "a") != money.USD || s.changed != 1 {
		t.Fatalf("%v, a costs %s, changed %d times", err, input(feed, "a"), s.changed)
	}
	for name, bad := range map[string]string{
		"garbage": "<html>", "nothing": "", "no models": "{}", "half a file": list(map[string]float64{"a": 1, "b": 2})[:50],
		"a negative price": list(map[string]float64{"a": -1, "b": 2}), "hardly any models": `{"c": {"litellm_provider":"openai","mode":"chat"}}`,
	} {
		s.serve(bad)
		if err := feed.Fetch(t.Context()); err == nil || input(feed, "a") != money.USD {
			t.Errorf("%s: %v, a costs %s", name, err, input(feed, "a"))
		}
	}
	delete(s.files, "/list.json?token=canary")
	if err := feed.Fetch(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("an error page: %v", err)
	}
	s.Close()
	if err := feed.Fetch(t.Context()); err == nil || input(feed, "b") != 2*money.USD {
		t.Errorf("a server that is gone: %v, b costs %s", err, input(feed, "b"))
	}
	if got := feed.Status(); got.Failures != 8 || got.Fetched.IsZero() {
		t.Errorf("status %+v", got)
	}
	again := pricefeed.New(s.options)
	if input(again, "a") != money.USD || input(again, "b") != 2*money.USD || again.Status().Fetched.IsZero() {
		t.Errorf("after a restart a costs %s, b %s", input(again, "a"), input(again, "b"))
	}
	s.options.URL = "https://elsewhere.example.com/list.json"
	if other := pricefeed.New(s.options); other.Catalogue() != nil {
		t.Error("the list of another address is used")
	}
	if strings.Contains(s.log.String(), "canary") {
		t.Errorf("the log holds the address's token: %s", s.log.String())
	}
}

func TestFeed_refusesPricesThatCannotBe(t *testing.T) {
	s := startServer(t)
	s.serve(list(map[string]float64{"a": 1, "b": 2, "c": 3, "d": 4}))
	feed := pricefeed.New(s.options)
	if err := feed.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.serve(list(map[string]float64{"a": 0, "b": 20.1, "c": 0.29, "d": 40, "free": 0, "absurd": 10_001, "new": 5, "gpt-4.1-mini": 4.1}))
	if err := feed.Fetch(t.Context()); err != nil {
		t.Fatal(err)
	}
	for model, want := range map[string]money.Nano{
		"a": money.USD, "b": 2 * money.USD, "c": 3 * money.USD, "d": 40 * money.USD, "free": -1, "absurd": -1, "new": 5 * money.USD,
		"gpt-4.1-mini": 4 * money.USD / 10, // the built-in price is a tenth and less
	} {
		if got := input(feed, model); got != want {
			t.Errorf("%s costs %s, want %s", model, got, want)
		}
	}
	if got := feed.Status().Refused; got != 6 {
		t.Errorf("%d prices were refused, want 6", got)
	}
	for _, want := range []string{"input would become free", "model=b", "more than tenfold", "it would be free", "more than anybody asks"} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("the log does not say %q: %s", want, s.log.String())
		}
	}
	if again := pricefeed.New(s.options); input(again, "b") != 2*money.USD || input(again, "free") != -1 {
		t.Errorf("after a restart b costs %s, free %s", input(again, "b"), input(again, "free"))
	}
}

func TestFeed_believesWhatIsVerified(t *testing.T) {
	s := startServer(t)
	text := list(map[string]float64{"a": 1})
	s.serve(text)
	sum := sha256.Sum256([]byte(text))
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signature := string(ed25519.Sign(private, []byte(text)))
	for name, test := range map[string]struct {
		digest    string
		key       ed25519.PublicKey
		signature string
		want      string
	}{
		"its digest":           {hex.EncodeToString(sum[:]), nil, "", ""},
		"another digest":       {strings.Repeat("00", 32), nil, "", "prices.sha256"},
		"its signature":        {"", public, signature, ""},
		"in base64":            {"", public, base64.StdEncoding.EncodeToString([]byte(signature)) + "\n", ""},
		"of another list":      {"", public, string(ed25519.Sign(private, []byte("{}"))), "prices.signature"},
		"no signature":         {"", public, "", "the signature: fetch: the server answers 404"},
		"what is none":         {"", public, "!", "neither 64 bytes nor base64"},
		"both":                 {hex.EncodeToString(sum[:]), public, signature, ""},
		"one right, one wrong": {strings.Repeat("00", 32), public, signature, "prices.sha256"},
	} {
		t.Run(name, func(t *testing.T) {
			delete(s.files, "/list.json.sig?token=canary")
			if test.signature != "" {
				s.files["/list.json.sig?token=canary"] = test.signature
			}
			options := s.options
			options.SHA256, options.PublicKey, options.Path = test.digest, test.key, ""
			feed := pricefeed.New(options)
			err := feed.Fetch(t.Context())
			if (test.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
			if known := feed.Catalogue() != nil; known != (test.want == "") {
				t.Errorf("there is a list: %v", known)
			}
		})
	}
}

func TestFeed_goesNowhereElse(t *testing.T) {
	s := startServer(t)
	s.serve(list(map[string]float64{"a": 1}))
	s.options.Client = safedial.NewClient(safedial.Options{MaxResponse: pricefeed.MaxBytes})
	if err := pricefeed.New(s.options).Fetch(t.Context()); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("a private address: %v", err)
	}
}

func TestFeed_fetchesBySchedule(t *testing.T) {
	s := startServer(t)
	s.serve(list(map[string]float64{"a": 1}))
	s.options.Refresh = time.Millisecond
	changes := make(chan money.Nano)
	s.options.Changed = func(ctx context.Context, list *pricing.Catalogue) error {
		price, _ := list.Find("openai", "a")
		select {
		case changes <- price.Input:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); pricefeed.New(s.options).Run(ctx) }()
	if first := <-changes; first != money.USD {
		t.Errorf("a costs %s", first)
	}
	s.serve(list(map[string]float64{"a": 2}))
	if second := <-changes; second != 2*money.USD {
		t.Errorf("then a costs %s", second)
	}
	cancel()
	<-done
}
