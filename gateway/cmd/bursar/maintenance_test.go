package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

// What works on a record beside gateways, from the making of a key to what would be deleted.
func TestMaintenance_ofARecordInADataDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("BURSAR_ADMIN_KEY", adminKey)
	t.Setenv("BURSAR_DATA_DIR", dir)
	file := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(file, []byte("retention: {ledger: 400d}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	try := func(want string, arguments ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		run(t.Context(), arguments, &out, &errs)
		if got := out.String() + errs.String(); !strings.Contains(got, want) {
			t.Errorf("%v: %s, want %q", arguments, got, want)
		}
	}
	try("there is no", "rotate-secret-key")
	try("there is no", "retention", file)
	sealer, err := seal.LoadOrCreate(dir)
	if err != nil {
		t.Fatal(err)
	}
	record, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "bursar.db"), store.Options{Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}
	before := time.Now().UTC().AddDate(0, 0, -400).Format(time.DateOnly)
	try("Ledger rows of before "+before+" (UTC) would be deleted: 0.\nAlerts are kept for ever.\n", "retention", file)
	try("The record is written with secret key ", "rotate-secret-key", "--dry-run")
	try("Start the gateway again, then run: bursar rotate-secret-key", "rotate-secret-key", "--make-key")
	try("finish that rotation first", "rotate-secret-key", "--make-key")
	try("and would be with ", "rotate-secret-key", "--dry-run")
	try(" from now on.\nSealed anew: nothing. Still sealed with another key: nothing.", "rotate-secret-key", "--reason", "yearly")
	try("Nothing hangs on secret key ", "rotate-secret-key")
	intact := func() {
		t.Helper()
		if code := run(t.Context(), []string{"audit", "verify", "--known-rows", "2"}, &bytes.Buffer{}, &bytes.Buffer{}); code != 0 {
			t.Errorf("the audit log: exit code %d", code)
		}
	}
	intact()
	if err := os.Remove(filepath.Join(dir, seal.PreviousKeyFile)); err != nil {
		t.Fatal(err)
	}
	intact()
}

func TestRotationText_namesWhatHangsOnAnEarlierKey(t *testing.T) {
	done := app.Rotation{
		State: store.SecretKeyState{
			Wanted: "new", InUse: "old", Sealed: store.SealedCounts{"model": 2, "alert_route": 1}, Without: []string{"a"},
			Earlier: []store.EarlierSecretKey{{ID: "old", Keys: 3, AdminKeys: 1}, {ID: "older", Keys: 1, Forgotten: true}, {ID: "oldest"}},
		},
		Owners: []store.SecretOwner{{Kind: "key", ID: "key_1", Alias: "app", Used: "2026-11-30"}, {Kind: "key", ID: "key_2"}, {Kind: "admin key", ID: "adminkey_1"}},
	}
	want := `The record is written with secret key old, and would be with new.
To be sealed anew: 2 credentials of models, 1 alert route.
First 1 of the gateways that serve would have to be started again with the new key.
3 secrets of keys and 1 of admin keys hang on secret key old; they move when they are used first after the gateways have started again.
1 secrets of keys and 0 of admin keys were made with secret key older, which is forgotten: they open nothing any more.
Nothing hangs on secret key oldest any more.
The last used of them:
  key key_1 (app), last used on 2026-11-30
  key key_2, no call yet
  admin key adminkey_1
`
	if got := rotationText(done, true); got != want {
		t.Errorf("%s", got)
	}
}
