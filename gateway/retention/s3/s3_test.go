package s3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"github.com/bursarhq/terraform-provider-bursar/gateway/retention/s3"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
)

const (
	accessKey = "AKIAARCHIVE"
	secret    = "the-secret-of-the-archives-tests"
)

var day = time.Date(2025, 10, 1, 0, 0, 0, 0, time.UTC)

// server is one that checks signatures, with a bucket called archive.
type server struct {
	*testing.T
	backend gofakes3.Backend
	url     string
	// interfere, when set, may answer a request instead of the server, and then says so.
	interfere atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	requests  atomic.Int64
}

func startServer(t *testing.T) *server {
	s := &server{T: t, backend: s3mem.New()}
	if err := s.backend.CreateBucket(t.Context(), "archive"); err != nil {
		t.Fatal(err)
	}
	real := gofakes3.New(s.backend, gofakes3.WithV4Auth(map[string]string{accessKey: secret})).Server()
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		if interfere := s.interfere.Load(); interfere != nil && (*interfere)(w, r) {
			return
		}
		real.ServeHTTP(w, r)
	}))
	t.Cleanup(listener.Close)
	s.url = listener.URL
	return s
}

func (s *server) place() s3.Place {
	return s3.Place{Bucket: "archive", Prefix: "bursar/ledger", Endpoint: s.url, Region: "eu-central-1", AccessKeyID: accessKey, SecretAccessKey: secret}
}

func (s *server) open(place s3.Place) *s3.Bucket {
	s.Helper()
	bucket, err := s3.New(place, safedial.Reach{Operator: true}.Control)
	if err != nil {
		s.Fatal(err)
	}
	return bucket
}

// objects are the names of all that is in the bucket.
func (s *server) objects() (names []string) {
	s.Helper()
	list, err := s.backend.ListBucket(s.Context(), "archive", nil, gofakes3.ListBucketPage{})
	if err != nil {
		s.Fatal(err)
	}
	for _, object := range list.Contents {
		names = append(names, object.Key)
	}
	return names
}

func text(content string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, content); return err }
}

func read(t *testing.T, bucket *s3.Bucket, name string) string {
	t.Helper()
	file, err := bucket.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// A file of three parts, and two of one day, none of which replaces the other. A server can tell by its digest a part that
// arrived otherwise than it was sent.
func TestStore_keepsFilesOfAnySize(t *testing.T) {
	s := startServer(t)
	interfere := func(_ http.ResponseWriter, r *http.Request) bool {
		if part := r.URL.Query().Get("partNumber"); part != "" && r.Header.Get("Content-Md5") == "" {
			t.Errorf("part %s has no digest", part)
		}
		return false
	}
	s.interfere.Store(&interfere)
	bucket := s.open(s.place())
	for _, content := range []string{"{}\n", "{}\n", strings.Repeat("0123456789abcde\n", 40<<16)} {
		name, err := bucket.Store(t.Context(), day, text(content))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(name, "s3://archive/bursar/ledger/ledger-2025-10-01-") || !strings.HasSuffix(name, ".jsonl") {
			t.Errorf("it is called %s", name)
		}
		if got := read(t, bucket, name); got != content {
			t.Errorf("%d bytes of %d are there", len(got), len(content))
		}
	}
	if names := s.objects(); len(names) != 3 {
		t.Errorf("the bucket has %v", names)
	}
}

// Whatever fails on the way, there is no object, and no part is left that somebody pays for.
func TestStore_leavesNothingOfWhatFails(t *testing.T) {
	large := text(strings.Repeat("0123456789abcde\n", 40<<16))
	torn := errors.New("the record went away")
	for name, c := range map[string]struct {
		write     func(io.Writer) error
		interfere func(w http.ResponseWriter, r *http.Request) bool
		want      string
	}{
		"rows that end with an error": {write: func(w io.Writer) error { return errors.Join(large(w), torn) }, want: torn.Error()},
		"a file that ends too early":  {write: func(w io.Writer) error { return errors.Join(large(w), io.ErrUnexpectedEOF) }, want: "unexpected EOF"},
		"a server that fails at the second part": {write: large, want: "write s3://archive/", interfere: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("partNumber") != "2" {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}},
		"a server that hangs up within a part": {write: large, want: "write s3://archive/", interfere: func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("partNumber") != "2" {
				return false
			}
			_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
			panic(http.ErrAbortHandler)
		}},
		"a server that fails at the end": {write: large, want: "write s3://archive/", interfere: func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || r.URL.Query().Get("uploadId") == "" {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t)
			var aborted atomic.Bool
			interfere := func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodDelete && r.URL.Query().Get("uploadId") != "" {
					aborted.Store(true)
				}
				return c.interfere != nil && c.interfere(w, r)
			}
			s.interfere.Store(&interfere)
			_, err := s.open(s.place()).Store(t.Context(), day, c.write)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if names := s.objects(); len(names) != 0 || !aborted.Load() {
				t.Errorf("the bucket has %v; that the parts go was asked for: %t", names, aborted.Load())
			}
		})
	}
}

// A fault that passes is not even told.
func TestStore_triesAgain(t *testing.T) {
	s := startServer(t)
	var failures atomic.Int64
	interfere := func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("partNumber") == "" || failures.Add(1) > 2 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	s.interfere.Store(&interfere)
	bucket := s.open(s.place())
	name, err := bucket.Store(t.Context(), day, text("{}\n"))
	if err != nil || read(t, bucket, name) != "{}\n" || failures.Load() < 3 {
		t.Errorf("%s, %v after %d failures", name, err, failures.Load())
	}
}

// What is wrong is named with the setting that would mend it, by [s3.Bucket.Try] before anything goes and by
// [s3.Bucket.Look], which writes nothing.
func TestErrors_nameTheSetting(t *testing.T) {
	s := startServer(t)
	for name, c := range map[string]struct {
		change func(*s3.Place)
		want   string
	}{
		"another bucket":     {func(p *s3.Place) { p.Bucket = "nowhere" }, `there is no bucket "nowhere"; make it, or look at retention.archive`},
		"an unknown key":     {func(p *s3.Place) { p.AccessKeyID = "AKIANOBODY" }, "look at retention.s3.access_key_id"},
		"another secret":     {func(p *s3.Place) { p.SecretAccessKey = "wrong" }, "look at retention.s3.secret_access_key"},
		"nobody listens":     {func(p *s3.Place) { p.Endpoint = "http://127.0.0.1:1" }, "http://127.0.0.1:1 cannot be reached"},
		"the clouds' secret": {func(p *s3.Place) { p.Endpoint = "http://169.254.169.254" }, "address 169.254.169.254 is not allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			place := s.place()
			c.change(&place)
			bucket := s.open(place)
			for doing, err := range map[string]error{"Try": bucket.Try(t.Context()), "Look": bucket.Look(t.Context())} {
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) || s3.Unsure(err) {
					t.Errorf("%s: %v, want %q", doing, err, c.want)
				}
			}
		})
	}
}

func TestLook_writesNothingAndTryDoes(t *testing.T) {
	s := startServer(t)
	bucket := s.open(s.place())
	if err := bucket.Look(t.Context()); err != nil {
		t.Error(err)
	}
	if names := s.objects(); len(names) != 0 {
		t.Errorf("looking wrote %v", names)
	}
	for range 2 {
		if err := bucket.Try(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if names := s.objects(); len(names) != 1 || names[0] != "bursar/ledger/bursar-can-write-here" {
		t.Errorf("trying wrote %v", names)
	}
	if err := bucket.Look(t.Context()); err != nil {
		t.Error(err)
	}
}

// A gateway that is told to stop does not wait for an upload, and leaves no object.
func TestStore_endsWithItsContext(t *testing.T) {
	s := startServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.open(s.place()).Store(ctx, day, func(w io.Writer) error {
		cancel()
		return text(strings.Repeat("0123456789abcde\n", 40<<16))(w)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if names := s.objects(); len(names) != 0 {
		t.Errorf("the bucket has %v", names)
	}
}
