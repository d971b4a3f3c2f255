package retention_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"github.com/bursarhq/terraform-provider-bursar/gateway/retention"
	"github.com/bursarhq/terraform-provider-bursar/gateway/retention/s3"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// deletions are what the audit log has of days that went.
func (f *fixture) deletions() (deletions []api.LedgerDeletion) {
	f.Helper()
	audits, _, err := f.store.Audits(f.Context(), api.AuditFilter{Action: "ledger.delete"})
	if err != nil {
		f.Fatal(err)
	}
	for _, audit := range audits {
		var deleted api.LedgerDeletion
		if err := json.Unmarshal(audit.After, &deleted); err != nil {
			f.Fatal(err)
		}
		deletions = append(deletions, deleted)
	}
	return deletions
}

func TestRound_archivesToABucket(t *testing.T) {
	f := newFixture(t)
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{"AKIA": "secret"})).Server())
	t.Cleanup(server.Close)
	bucket, err := s3.New(s3.Place{Bucket: "archive", Endpoint: server.URL, Region: "us-east-1", AccessKeyID: "AKIA", SecretAccessKey: "secret"},
		safedial.Reach{Operator: true}.Control)
	if err != nil {
		t.Fatal(err)
	}
	f.book("a", 70)
	k := f.keeper()
	k.Archive = bucket
	if err := k.Round(t.Context()); err == nil || !strings.Contains(err.Error(), `there is no bucket "archive"`) {
		t.Errorf("without the bucket: %v", err)
	}
	if horizon, err := f.store.LedgerHorizon(t.Context()); err != nil || !horizon.IsZero() || f.left() != "a" {
		t.Errorf("without the bucket: the horizon is %v, %v, left are %q", horizon, err, f.left())
	}
	if err := backend.CreateBucket(t.Context(), "archive"); err != nil {
		t.Fatal(err)
	}
	f.round(k)
	deletions := f.deletions()
	if f.left() != "" || len(deletions) != 1 {
		t.Fatalf("left are %q, deleted %+v", f.left(), deletions)
	}
	file, err := bucket.Open(t.Context(), deletions[0].Archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	content, err := io.ReadAll(file)
	if err != nil || !strings.Contains(string(content), `"id":"a"`) || fmt.Sprintf("%x", sha256.Sum256(content)) != deletions[0].ArchiveSHA256 {
		t.Errorf("%s, %v is not what %+v tells", content, err, deletions[0])
	}
}

// faulty is an archive that does not give back what it was given.
type faulty struct {
	retention.Folder
	open func(name string) (io.ReadCloser, error)
}

func (f faulty) Open(_ context.Context, name string) (io.ReadCloser, error) { return f.open(name) }

// An archive may say that it has a file, and not have it: rows stay until it was read again.
func TestRound_keepsWhatCannotBeReadAgain(t *testing.T) {
	for want, open := range map[string]func(string) (io.ReadCloser, error){
		"it is not what was written": func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}\n")), nil },
		"gone":                       func(string) (io.ReadCloser, error) { return nil, errors.New("gone") },
	} {
		f := newFixture(t)
		f.book("a", 70)
		k := f.keeper()
		k.Archive = faulty{retention.Folder{Path: f.archive}, open}
		if err := k.Round(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if f.left() != "a" {
			t.Errorf("%s: left are %q", want, f.left())
		}
	}
}

// Reading a file again that takes longer than the lease keeps the lease, and a gateway that lost it deletes nothing.
func TestRound_deletesNothingOnceAnotherHasTakenOver(t *testing.T) {
	f := newFixture(t)
	f.book("a", 70)
	k := f.keeper()
	k.Archive = faulty{retention.Folder{Path: f.archive}, func(name string) (io.ReadCloser, error) {
		later := now.Add(time.Hour)
		k.Now = func() time.Time { return later }
		if ours, err := f.store.ClaimJob(t.Context(), "ledger retention", "another", later, later.Add(time.Hour)); err != nil || !ours {
			t.Errorf("%t, %v", ours, err)
		}
		return retention.Folder{Path: f.archive}.Open(t.Context(), name)
	}}
	if err := k.Round(t.Context()); err == nil || !strings.Contains(err.Error(), "another gateway has taken over") {
		t.Errorf("%v", err)
	}
	if f.left() != "a" {
		t.Errorf("left are %q", f.left())
	}
}
