package runtask

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	secret = "canary-hmac-key-of-a-run-task"
	token  = "canary-token.atlasv1.0123456789"
)

// cloud is a fake of HCP Terraform that enforces the rules of its API: who calls, with which content type, in which states,
// how long a body is. Plans lie on another host, which must not see the token.
type cloud struct {
	t       *testing.T
	api     *httptest.Server
	archive *httptest.Server
	// plan is what it has, status what it answers to the first calls, each once.
	plan     string
	statuses []int

	mu sync.Mutex
	// told are the results that it took, final says that one was.
	told  []map[string]any
	final chan struct{}
}

func startCloud(t *testing.T) *cloud {
	c := &cloud{t: t, plan: "{}", final: make(chan struct{})}
	c.archive = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the host of files sees the token")
		}
		_, _ = io.WriteString(w, c.plan)
	}))
	t.Cleanup(c.archive.Close)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /api/v2/plans/plan-1/json-output", func(w http.ResponseWriter, r *http.Request) {
		if c.refused(w, r) {
			return
		}
		http.Redirect(w, r, c.archive.URL+"/v1/object/canary-of-the-archive", http.StatusTemporaryRedirect)
	})
	routes.HandleFunc("GET /api/v2/plans/none/json-output", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	routes.HandleFunc("GET /api/v2/plans/away/json-output", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://attacker.example.com/", http.StatusFound)
	})
	routes.HandleFunc("PATCH /api/v2/task-results/canary-guid/callback", c.callback)
	c.api = httptest.NewTLSServer(routes)
	t.Cleanup(c.api.Close)
	return c
}

func (c *cloud) refused(w http.ResponseWriter, r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.statuses) > 0 {
		w.WriteHeader(c.statuses[0])
		c.statuses = c.statuses[1:]
		return true
	}
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
	return false
}

func (c *cloud) callback(w http.ResponseWriter, r *http.Request) {
	if c.refused(w, r) {
		return
	}
	var sent struct {
		Data struct {
			Type       string
			Attributes struct{ Status, Message string }

			Relationships struct {
				Outcomes struct {
					Data []struct {
						Type       string
						Attributes map[string]any
					}
				}
			}
		}
	}
	encoded, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(encoded, &sent)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.told) > 0 && c.told[len(c.told)-1]["status"] != "running"
	wrong := err != nil || r.Header.Get("Content-Type") != "application/vnd.api+json" || sent.Data.Type != "task-results" || last ||
		!slices.Contains([]string{"passed", "failed", "running"}, sent.Data.Attributes.Status)
	told := map[string]any{"status": sent.Data.Attributes.Status, "message": sent.Data.Attributes.Message, "body": "", "description": ""}
	for _, outcome := range sent.Data.Relationships.Outcomes.Data {
		body, _ := outcome.Attributes["body"].(string)
		description, _ := outcome.Attributes["description"].(string)
		wrong = wrong || outcome.Type != "task-result-outcomes" || len(body) > 5_000_000 || description == "" || strings.Contains(description, "\n") || outcome.Attributes["outcome-id"] == ""
		told["body"], told["description"] = body, description
	}
	if wrong {
		c.t.Errorf("no result of a task: %.300s", encoded)
		w.WriteHeader(http.StatusUnprocessableEntity)
		return
	}
	c.told = append(c.told, told)
	if told["status"] != "running" {
		close(c.final)
	}
}

// asks is the request of a run.
func (c *cloud) asks(change func(asked map[string]any)) []byte {
	asked := map[string]any{
		"payload_version": 1, "stage": "post_plan", "access_token": token, "capabilities": map[string]any{"outcomes": true},
		"task_result_id": "taskrs-1", "task_result_callback_url": c.api.URL + "/api/v2/task-results/canary-guid/callback",
		"plan_json_api_url": c.api.URL + "/api/v2/plans/plan-1/json-output", "run_id": "run-1", "workspace_name": "quotas", "run_message": "Triggered via UI",
	}
	if change != nil {
		change(asked)
	}
	body, err := json.Marshal(asked)
	if err != nil {
		c.t.Fatal(err)
	}
	return body
}

func (c *cloud) server(review Reviewer, change func(*Options)) (*Server, *bytes.Buffer) {
	c.t.Helper()
	var log bytes.Buffer
	options := Options{
		Secret: []byte(secret), Review: review, Transport: c.api.Client().Transport, Logger: slog.New(slog.NewTextHandler(&log, nil)), wait: time.Millisecond,
		Hosts: []string{strings.TrimPrefix(c.api.URL, "https://"), strings.TrimPrefix(c.archive.URL, "https://")},
	}
	if change != nil {
		change(&options)
	}
	server, err := New(options)
	if err != nil {
		c.t.Fatal(err)
	}
	return server, &log
}

func sign(body []byte) string {
	mac := hmac.New(sha512.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func send(t *testing.T, server *Server, body []byte, signature string) int {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("X-Tfc-Task-Signature", signature)
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), "canary") {
		t.Errorf("a secret is in the answer: %s", w.Body)
	}
	return w.Code
}

func says(found Review, err error) Reviewer {
	return func(context.Context, io.Reader) (Review, error) { return found, err }
}

// A run is told what its review says, whatever goes wrong: what cannot be reviewed has failed. No token is in the log, and
// nothing of the plan but the review leaves.
func TestServer_tellsTheRun(t *testing.T) {
	fine := Review{Summary: "2 changes of quotas, none needs approval", Markdown: "# Quotas\n"}
	for name, c := range map[string]struct {
		review  Reviewer
		asked   func(map[string]any)
		cloud   func(*cloud)
		options func(*Options)
		status  string
		message string
		body    string
	}{
		"fine":           {review: says(fine, nil), status: "passed", message: "2 changes of quotas, none needs approval", body: "# Quotas\n"},
		"before apply":   {review: says(fine, nil), asked: func(a map[string]any) { a["stage"] = "pre_apply" }, status: "passed", body: "# Quotas\n"},
		"needs approval": {review: says(Review{Summary: "1 change", NeedsApproval: true, Reasons: []string{"a", "b"}, Markdown: "m"}, nil), status: "failed", message: "1 change: a; b", body: "m"},
		"no outcomes": {review: says(fine, nil), asked: func(a map[string]any) {
			a["capabilities"] = map[string]any{"outcomes": false}
		}, status: "passed"},
		"no plan yet":       {review: says(fine, nil), asked: func(a map[string]any) { a["stage"] = "pre_plan"; delete(a, "plan_json_api_url") }, status: "passed", message: "Nothing to review at pre_plan"},
		"no review":         {review: says(fine, errors.New("the gateway does not answer")), status: "failed", message: "the gateway does not answer"},
		"a fault":           {review: func(context.Context, io.Reader) (Review, error) { panic("a plan like no other") }, status: "failed", message: "bursar has a fault"},
		"busy for a moment": {review: says(fine, nil), cloud: func(c *cloud) { c.statuses = []int{429, 503, 500} }, status: "passed", body: "# Quotas\n"},
		"plan elsewhere": {
			review: says(fine, nil), asked: func(a map[string]any) { a["plan_json_api_url"] = "https://attacker.example.com/plan" }, status: "failed",
			message: `leads to "attacker.example.com", which is none of the hosts`,
		},
		"plan in the clear": {review: says(fine, nil), asked: func(a map[string]any) {
			a["plan_json_api_url"] = strings.Replace(fmt.Sprint(a["plan_json_api_url"]), "https", "http", 1)
		}, status: "failed", message: "is not an https address"},
		"sent on elsewhere": {review: says(fine, nil), asked: func(a map[string]any) {
			a["plan_json_api_url"] = strings.Replace(fmt.Sprint(a["plan_json_api_url"]), "plan-1", "away", 1)
		}, status: "failed", message: "sends on to an address that leads to"},
		"no plan in JSON": {review: says(fine, nil), asked: func(a map[string]any) {
			a["plan_json_api_url"] = strings.Replace(fmt.Sprint(a["plan_json_api_url"]), "plan-1", "none", 1)
		}, status: "failed", message: "no plan in JSON"},
		"too large": {review: says(fine, nil), cloud: func(c *cloud) { c.plan = strings.Repeat("x", 2<<20) }, options: func(o *Options) { o.MostPlan = 1 << 20 }, status: "failed", message: "larger than 1 MB"},
		"long":      {review: says(Review{Summary: strings.Repeat("é", 4000), Markdown: strings.Repeat("a row\n", 1_000_000)}, nil), status: "passed", body: "The rest did not fit"},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := startCloud(t)
			if c.cloud != nil {
				c.cloud(cloud)
			}
			server, log := cloud.server(c.review, c.options)
			body := cloud.asks(c.asked)
			if code := send(t, server, body, sign(body)); code != http.StatusOK {
				t.Fatal(code)
			}
			server.Close(t.Context())
			last := cloud.told[len(cloud.told)-1]
			message, text := fmt.Sprint(last["message"]), fmt.Sprint(last["body"])
			if last["status"] != c.status || !strings.Contains(message, c.message) || !strings.HasSuffix(strings.TrimSpace(text), "") || !strings.Contains(text, c.body) || c.body == "" && text != "" {
				t.Errorf("told %.300v", last)
			}
			if len(message) > mostMessage || len(text) > mostBody {
				t.Errorf("a message of %d and a body of %d bytes", len(message), len(text))
			}
			if strings.Contains(log.String(), "canary") {
				t.Errorf("a secret is in the log: %s", log)
			}
		})
	}
}

// Nothing is done for who does not know the key, nor what no run asks for; the trial of a new task is answered.
func TestServer_refusesWhatIsNotSigned(t *testing.T) {
	cloud := startCloud(t)
	reviewed := 0
	server, _ := cloud.server(func(context.Context, io.Reader) (Review, error) { reviewed++; return Review{}, nil }, nil)
	body := cloud.asks(nil)
	trial := cloud.asks(func(a map[string]any) { a["access_token"] = "test-token" })
	other := cloud.asks(func(a map[string]any) { a["task_result_callback_url"] = "https://attacker.example.com/callback" })
	next := cloud.asks(func(a map[string]any) { a["payload_version"] = 2 })
	long := append(bytes.Repeat([]byte(" "), mostRequest), body...)
	for name, c := range map[string]struct {
		body      []byte
		signature string
		code      int
	}{
		"no signature": {body, "", 401}, "another body's": {body, sign(trial), 401}, "half of it": {body, sign(body)[:64], 401}, "no hex": {body, strings.Repeat("x", 128), 401},
		"another callback": {other, sign(other), 400}, "another version": {next, sign(next), 400}, "no JSON": {[]byte("x"), sign([]byte("x")), 400}, "long": {long, sign(long), 413},
		"a trial": {trial, sign(trial), 200}, "a trial without a signature": {trial, "", 401},
	} {
		if code := send(t, server, c.body, c.signature); code != c.code {
			t.Errorf("%s: %d, want %d", name, code, c.code)
		}
	}
	server.Close(t.Context())
	if reviewed != 0 || len(cloud.told) != 0 {
		t.Errorf("%d plans were reviewed, told %v", reviewed, cloud.told)
	}
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
	for _, options := range []Options{{Hosts: []string{"app.terraform.io"}}, {Secret: []byte(secret)}, {Hosts: []string{"app.terraform.io"}, Secret: []byte("15 characters..")}} {
		if _, err := New(options); err == nil {
			t.Errorf("%+v makes a server", options)
		}
	}
}

// Who stops the server waits for the review; one that does not end in time has failed, and the run is told.
func TestServer_stopsWithAWord(t *testing.T) {
	cloud := startCloud(t)
	begun := make(chan struct{})
	server, _ := cloud.server(func(ctx context.Context, _ io.Reader) (Review, error) {
		close(begun)
		<-ctx.Done()
		return Review{}, ctx.Err()
	}, nil)
	body := cloud.asks(nil)
	for range 2 { // HCP Terraform asks again when it was not answered
		if code := send(t, server, body, sign(body)); code != http.StatusOK {
			t.Fatal(code)
		}
	}
	<-begun
	now, cancel := context.WithCancel(t.Context())
	cancel()
	server.Close(now)
	<-cloud.final
	if n := len(cloud.told); n != 2 || cloud.told[1]["status"] != "failed" {
		t.Errorf("told %v", cloud.told)
	}
	second := cloud.asks(func(a map[string]any) { a["task_result_id"] = "taskrs-2" })
	if code := send(t, server, second, sign(second)); code != http.StatusServiceUnavailable {
		t.Errorf("a stopped server answers %d", code)
	}
}

// More than the server reviews at a time is sent back, to be asked for again.
func TestServer_isNotFlooded(t *testing.T) {
	cloud := startCloud(t)
	hold := make(chan struct{})
	server, _ := cloud.server(func(context.Context, io.Reader) (Review, error) { <-hold; return Review{}, errors.New("not looked at") }, nil)
	cloud.final = make(chan struct{})
	taken := 0
	for i := range atOnce + 3 {
		body := cloud.asks(func(a map[string]any) {
			a["task_result_id"] = fmt.Sprintf("taskrs-%d", i)
			a["task_result_callback_url"] = cloud.api.URL + "/nobody"
		})
		if send(t, server, body, sign(body)) == http.StatusOK {
			taken++
		}
	}
	close(hold)
	server.Close(t.Context())
	if taken != atOnce {
		t.Errorf("%d are taken at once, want %d", taken, atOnce)
	}
}
