package doctor_test

import (
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/doctor"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { os.Exit(testenv.MainPostgres(m)) }

const credential = "sk-the-credential-of-the-doctors-tests"

func settings(t *testing.T, text string) config.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "gateway.yaml")
	if err := os.WriteFile(path, []byte("listen: 127.0.0.1:0\nadmin_key: sk-admin-of-the-doctors-tests\ndata_dir: "+dir+"/data\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(path, func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// assertFound looks for findings by state, about and a part of the text, and for the secret in none of them.
func assertFound(t *testing.T, found []doctor.Finding, want ...string) {
	t.Helper()
	text := doctor.Text(found)
	for _, line := range want {
		state, part, _ := strings.Cut(line, " ")
		if !anyLine(text, state, part) {
			t.Errorf("no line is %q in\n%s", line, text)
		}
	}
	if strings.Contains(text, credential) {
		t.Errorf("the credential stands in\n%s", text)
	}
}

func anyLine(text, state, part string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, state+" ") && strings.Contains(line, part) {
			return true
		}
	}
	return false
}

func TestExamine_findsNothingWrongWhereAllIsWell(t *testing.T) {
	provider := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	found := doctor.Examine(t.Context(), doctor.Options{Call: true, Model: "gpt-4.1", Settings: settings(t, `
models:
  - {name: gpt-4.1-mini, base_url: "`+provider.URL()+`", api_key: `+credential+`}
  - {name: "gpt-*", base_url: "`+provider.URL()+`", api_key: `+credential+`}
  - {name: text-embedding-3-small, base_url: "`+provider.URL()+`", api_key: `+credential+`}
`)})
	assertFound(t, found, "ok files", "ok 127.0.0.1:0 is free", "ok the first start makes it", "ok in the gateway's process",
		"ok model gpt-4.1-mini: gpt-4.1-mini answers", "ok model gpt-*: gpt-4.1 answers", "unchecked does not chat")
	if doctor.Worst(found) == doctor.Failed {
		t.Error(doctor.Text(found))
	}
	if calls := len(provider.Requests()); calls > 3 {
		t.Errorf("the provider was asked %d times, want once for its models and twice for calls", calls)
	}
}

func TestExamine_namesWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s := settings(t, "models: [{name: m, base_url: 'http://127.0.0.1:1/v1', api_key: "+credential+"}, {name: 'x-*'}]")
	s.Listen = taken.Addr().String()
	s.DatabaseURL, s.RedisURL = "postgres://u:"+credential+"@127.0.0.1:1/x", "redis://:"+credential+"@127.0.0.1:1"
	if err := os.Chmod(s.File, 0o644); err != nil {
		t.Fatal(err)
	}
	found := doctor.Examine(t.Context(), doctor.Options{Settings: s, Call: true})
	assertFound(t, found, "warning "+s.File+" is open to every user (mode 0644)", "warning cannot be bound now",
		"FAILED record: PostgreSQL database x on 127.0.0.1:1", "FAILED counters:", "FAILED provider 127.0.0.1:1: it cannot be reached", "unchecked name one of them with --model")
}

func TestExamine_looksAtRedis(t *testing.T) {
	careless := testenv.StartRedis(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru")
	s := settings(t, "")
	s.RedisURL = careless.URL()
	found := doctor.Examine(t.Context(), doctor.Options{Settings: s})
	assertFound(t, found, "FAILED maxmemory-policy is allkeys-lru", "FAILED appendonly is off", "ok the clock of Redis", "warning with PostgreSQL several gateways")
	s.RedisPreflightWarns = true
	found = doctor.Examine(t.Context(), doctor.Options{Settings: s, Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	assertFound(t, found, "warning maxmemory-policy", "FAILED the clock of Redis is")

	managed := testenv.StartRedis(t, "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--rename-command", "CONFIG", "")
	s.RedisURL = managed.URL()
	assertFound(t, doctor.Examine(t.Context(), doctor.Options{Settings: s}), "unchecked appendfsync", "ok can be reached and nothing was found")
}

func TestExamine_looksAtTheSchema(t *testing.T) {
	s := settings(t, "")
	s.DatabaseURL = testenv.Postgres(t)
	assertFound(t, doctor.Examine(t.Context(), doctor.Options{Settings: s}), "warning has schema version 0; the next start brings it to", "ok the clock of the record")
}

// The bucket that rows are archived to is asked for an object; nothing is written to it.
func TestExamine_looksAtTheArchive(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{"AKIA": credential})).Server())
	t.Cleanup(server.Close)
	s := settings(t, "alerts: {allow_private_targets: true}\nretention: {ledger: 400d, archive: 's3://archive/ledger', s3: {endpoint: '"+server.URL+"', access_key_id: AKIA, secret_access_key: "+credential+"}}")
	assertFound(t, doctor.Examine(t.Context(), doctor.Options{Settings: s}), `FAILED archive: read s3://archive/ledger/bursar-can-write-here: there is no bucket "archive"`)
	if err := backend.CreateBucket(t.Context(), "archive"); err != nil {
		t.Fatal(err)
	}
	assertFound(t, doctor.Examine(t.Context(), doctor.Options{Settings: s}), "ok archive: bucket archive of "+server.URL+" is there and takes the credential")
	s.Retention.S3.SecretAccessKey = "wrong"
	assertFound(t, doctor.Examine(t.Context(), doctor.Options{Settings: s}), "FAILED archive: ")
	list, err := backend.ListBucket(t.Context(), "archive", nil, gofakes3.ListBucketPage{})
	if err != nil || len(list.Contents) != 0 {
		t.Errorf("the bucket has %v, %v", list, err)
	}

	s = settings(t, "retention: {ledger: 400d, archive: '"+filepath.Join(t.TempDir(), "none")+"'}")
	assertFound(t, doctor.Examine(t.Context(), doctor.Options{Settings: s}), "ok archive: there is no")
	s.Retention.Archive = s.File
	assertFound(t, doctor.Examine(t.Context(), doctor.Options{Settings: s}), "FAILED archive: "+s.File+" is not a folder")
}
