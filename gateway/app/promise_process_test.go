package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// process is the gateway's own program as a child, for what cannot be done to a gateway in the test's process.
type process struct {
	t       *testing.T
	url     string
	command *exec.Cmd
	// keep ends the program when it is closed, at the latest when the test's process ends.
	keep io.Closer
	log  *logBuffer
}

// keeper runs the gateway as long as its own standard input is open, and then ends it as kill -9 does.
const keeper = `"$0" serve --config "$1" </dev/null & gateway=$!; read -r _; kill -9 "$gateway"; wait "$gateway"`

const configuration = `
models:
  - name: gpt-4.1-mini
    base_url: %s
    price: {input_per_million_usd: 10000, output_per_million_usd: 10000}
`

// startProcess builds the program and starts it as one more gateway of the installation.
func startProcess(t *testing.T, i *installation) *process {
	t.Helper()
	dir := t.TempDir()
	program, settings := filepath.Join(dir, "bursar"), filepath.Join(dir, "gateway.yaml")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../cmd/bursar")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the gateway: %v\n%s", err, output)
	}
	if err := os.WriteFile(settings, fmt.Appendf(nil, configuration, i.upstream.URL()), 0o600); err != nil {
		t.Fatal(err)
	}
	address := testenv.FreeAddress(t)
	p := &process{t: t, url: "http://" + address, log: &logBuffer{}}
	p.command = exec.Command("/bin/sh", "-c", keeper, program, settings)
	p.command.Stdout, p.command.Stderr = p.log, p.log
	p.command.Env = append(os.Environ(), "BURSAR_LISTEN="+address, "BURSAR_ADMIN_KEY="+adminKey, "BURSAR_DATA_DIR="+dir,
		"BURSAR_DATABASE_URL="+i.settings.DatabaseURL, "BURSAR_REDIS_URL="+i.settings.RedisURL,
		"BURSAR_SECRET_KEY="+i.settings.SecretKey)
	keep, err := p.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.keep = keep
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	await(t, awaitLong, "the gateway's process to be ready", p.ready)
	return p
}

func (p *process) ready() bool {
	response, err := http.Get(p.url + "/health/readiness")
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// kill ends the program as kill -9 does and waits until it is gone. A second time does nothing.
func (p *process) kill() {
	_ = p.keep.Close()
	_ = p.command.Wait()
}

// A gateway dies in the middle of a stream: another one gives back what it had reserved, books once what
// it knew of the stream, and the place among the parallel requests is free again.
func TestPromise_T5_aKilledGatewayLeavesNothingReserved(t *testing.T) {
	t.Parallel()
	const within = 16 * time.Second
	const tick = 100 * time.Millisecond // the model server says a token so often
	i := install(t, 1)                  // it has to see Redis for 20 s before it reaps, so it starts first
	key := i.team("marketing", `,"max_budget":1000,"max_parallel_requests":1`)
	victim := startProcess(t, i)
	ctx, cut := context.WithCancel(t.Context())
	defer cut()
	ended := make(chan outcome, 1)
	go func() { ended <- try(ctx, victim.url, key, "t5", stream(1000, "chunk_delay_ms=100")) }()

	// After six seconds the stream has been noted at least once.
	await(t, awaitLong, "the stream to be under way", func() bool { return i.newestStream().Chunks >= 60 })
	if o := try(t.Context(), i.gateways[0].URL(), key, "t5-second", chat(1, "")); o.header.Get("x-bursar-denied-by") != "team.max_parallel_requests" {
		t.Errorf("a second call beside the stream: %d %s", o.status, o.body)
	}
	killed := time.Now()
	victim.kill()
	if o := <-ended; o.interrupted == nil {
		t.Errorf("the client was not told that its stream is not whole: %q", o.body)
	}
	await(t, time.Minute, "the place to be free", func() bool {
		return try(t.Context(), i.gateways[0].URL(), key, "t5-after", chat(1, "")).served()
	})
	// A figure, not a bound: on a busy machine Redis may seem away for a moment, and nobody reaps then.
	t.Logf("the reservation was held for %s after the kill; %s are promised", time.Since(killed).Round(time.Millisecond), within)

	var estimates []ledgerRow
	for _, row := range i.awaitLedger("marketing") {
		if row.RequestID == "t5" {
			estimates = append(estimates, row)
		}
	}
	if len(estimates) != 1 || estimates[0].Kind != api.LedgerEstimate {
		t.Fatalf("the stream was booked as %+v, want one estimate", estimates)
	}
	// The last note is at most five seconds older than the kill; half a second is for the way.
	said := i.newestStream().Billed.CompletionTokens
	if missing := said - estimates[0].Output; missing > int64(5500*time.Millisecond/tick) {
		t.Errorf("%d of %d tokens of output are not in the ledger, more than 5 s of them", missing, said)
	}
	if estimates[0].Output == 0 || estimates[0].Output > said {
		t.Errorf("%d tokens of output are in the ledger, the model said %d", estimates[0].Output, said)
	}
	t.Logf("released %s after the kill; %d of %d tokens of output booked",
		estimates[0].SettledAt.Sub(killed).Round(time.Millisecond), estimates[0].Output, said)
}

// stream is a streamed call with a cap above what it says.
func stream(tokens int, instructions string) string {
	return fmt.Sprintf(`{"model":"gpt-4.1-mini","stream":true,"max_tokens":2000,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=%d %s"}]}`,
		tokens, instructions)
}

// newestStream is what the model server knows of the stream that it was asked for last.
func (i *installation) newestStream() (newest testenv.UpstreamRequest) {
	for _, request := range i.upstream.Requests() {
		if strings.Contains(string(request.Body), `"stream":true`) {
			newest = request
		}
	}
	return newest
}
