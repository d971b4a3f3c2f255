package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The server takes its key from a file, answers the trial of a new run task, refuses who does not know the key, and ends with
// its process, without having printed the key.
func TestReviewServer_answersATrialAndEnds(t *testing.T) {
	const key = "canary-hmac-key-of-a-run-task"
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("BURSAR_RUN_TASK_KEY_FILE", file)
	t.Setenv("BURSAR_ENDPOINT", "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reading, writing := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"review-server", "--listen", "127.0.0.1:0"}, writing, io.Discard)
		_ = writing.Close()
	}()
	lines := bufio.NewScanner(reading)
	if !lines.Scan() {
		t.Fatal("the server says nothing")
	}
	var line struct{ Address string }
	if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	rest := make(chan string, 1)
	go func() {
		said := ""
		for lines.Scan() {
			said += lines.Text()
		}
		rest <- said
	}()
	body := `{"payload_version":1,"stage":"test","access_token":"test-token"}`
	mac := hmac.New(sha512.New, []byte(key))
	mac.Write([]byte(body))
	for signature, want := range map[string]int{hex.EncodeToString(mac.Sum(nil)): http.StatusOK, "": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+line.Address+"/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Tfc-Task-Signature", signature)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%d, want %d", answer.StatusCode, want)
		}
	}
	stop()
	if code, said := <-ended, <-rest; code != exitDone || strings.Contains(said, "canary") {
		t.Errorf("exit code %d, said %s", code, said)
	}
}

// A review passes whose very changes somebody has approved and nobody has made yet; without an approval, and for other changes, it fails.
func TestReviewServer_passesWhatIsApproved(t *testing.T) {
	var approved string
	gateway := fakeGateway(t, &approved)
	reviewer, err := reviewServerCommand{Endpoint: gateway, AdminKey: "sk-test", MaxIncreasePct: 20}.reviewer()
	if err != nil {
		t.Fatal(err)
	}
	const plan = `{"format_version":"1.2","planned_values":{},"resource_changes":[{"address":"bursar_alert_route.a","mode":"managed","type":"bursar_alert_route",
	 "change":{"actions":["delete"],"before":{"alert_route_id":"a","name":"a"},"after":null}}]}`
	const hash = "HASH"
	for name, c := range map[string]struct {
		answer string
		needs  bool
	}{
		"nobody": {`{"quota_reviews":[]}`, true},
		"other":  {`{"quota_reviews":[{"quota_review_id":"review_1","hash":"other","state":"approved","expires_at":"2999-01-01T00:00:00Z"}]}`, true},
		"these":  {`{"quota_reviews":[{"quota_review_id":"review_1","hash":"` + hash + `","state":"approved","expires_at":"2999-01-01T00:00:00Z","created_by":"ann"}]}`, false},
		"old":    {`{"quota_reviews":[{"quota_review_id":"review_1","hash":"` + hash + `","state":"approved","expires_at":"2001-01-01T00:00:00Z"}]}`, true},
		"used":   {`{"quota_reviews":[{"quota_review_id":"review_1","hash":"` + hash + `","state":"approved","expires_at":"2999-01-01T00:00:00Z","used":1}]}`, true},
	} {
		approved = strings.ReplaceAll(c.answer, hash, hashOf(t, plan))
		found, err := reviewer(t.Context(), strings.NewReader(plan))
		if err != nil || found.NeedsApproval != c.needs || !c.needs && !strings.Contains(found.Summary, "approved by ann as review_1") {
			t.Errorf("%s: %+v, %v", name, found, err)
		}
	}
	if _, err := reviewer(t.Context(), strings.NewReader("no plan")); err == nil {
		t.Error("no plan is reviewed")
	}
}

// fakeGateway has the approved reviews of an answer, and nothing else to tell.
func fakeGateway(t *testing.T, approved *string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer := "{}"
		if r.URL.Path == "/quota_review/list" {
			answer = *approved
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func hashOf(t *testing.T, plan string) string {
	t.Helper()
	changes, err := review.Approvable(strings.NewReader(plan))
	if err != nil {
		t.Fatal(err)
	}
	hash, err := api.HashChanges(changes)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}
