package post_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review/post"
)

// note is a comment on a host.
type note struct {
	id           int64
	author, body string
}

// host is a fake of a host's API that enforces its rules: who may write what, how long, how many are on a page.
type host struct {
	t *testing.T
	// limit is how many characters a comment may have, actions that the token is a workflow's, which may not ask who it is.
	limit   int
	actions bool
	// gitea has labels with numbers, which must be there, and all comments on one page; known are the repository's labels.
	gitea bool
	known []string

	mu       sync.Mutex
	notes    []note
	statuses []map[string]any
	writes   int
	// asked are who was asked to review, by request; labels those of the pull request.
	asked  []string
	labels []string
}

const me = "bursar-bot"

func (h *host) who() string {
	switch {
	case h.actions && h.gitea:
		return "gitea-actions"
	case h.actions:
		return "github-actions[bot]"
	default:
		return me
	}
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer token" && r.Header.Get("Private-Token") != "token" {
		http.Error(w, `{"message":"Bad credentials"}`, http.StatusUnauthorized)
		return
	}
	var sent map[string]any
	array := strings.HasSuffix(r.URL.Path, "/labels") && !h.gitea
	if r.Method != http.MethodGet && r.Method != http.MethodDelete && !array {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			http.Error(w, `{"message":"Problems parsing JSON"}`, http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/json")
	path, last := r.URL.Path, filepath.Base(r.URL.Path)
	switch {
	case last == "user" && h.actions:
		http.Error(w, `{"message":"Resource not accessible by integration"}`, http.StatusForbidden)
	case last == "user":
		h.answer(w, http.StatusOK, map[string]any{"id": 7, "login": me, "username": me})
	case strings.Contains(path, "/statuses/"):
		if len(fmt.Sprint(sent["description"])) > 255 {
			http.Error(w, `{"message":"description is too long"}`, http.StatusUnprocessableEntity)
			return
		}
		h.statuses = append(h.statuses, sent)
		h.answer(w, http.StatusCreated, map[string]any{"id": 1})
	case last == "requested_reviewers":
		h.ask(w, sent)
	case strings.HasSuffix(path, "/users"):
		users := []map[string]any{}
		if name := r.URL.Query().Get("username"); name != "ghost" {
			users = append(users, map[string]any{"id": 40 + len(name), "username": name})
		}
		h.answer(w, http.StatusOK, users)
	case strings.HasSuffix(path, "/merge_requests/3"):
		h.mergeRequest(w, r, sent)
	case strings.Contains(path, "/labels") && h.gitea:
		h.giteaLabel(w, r, last, sent)
	case strings.Contains(path, "/labels"):
		h.label(w, r, last)
	case r.Method == http.MethodGet:
		h.list(w, r)
	case r.Method == http.MethodPost:
		h.write(w, &note{id: int64(100 + len(h.notes))}, sent)
	default:
		id, _ := strconv.ParseInt(last, 10, 64)
		for i := range h.notes {
			if h.notes[i].id == id {
				h.write(w, &h.notes[i], sent)
				return
			}
		}
		http.NotFound(w, r)
	}
}

// ask refuses the author, and who is no collaborator, with everybody asked beside them.
func (h *host) ask(w http.ResponseWriter, sent map[string]any) {
	for _, list := range []string{"reviewers", "team_reviewers"} {
		names, _ := sent[list].([]any)
		for _, name := range names {
			if name == "author" || name == "ghost" {
				http.Error(w, `{"message":"Reviews may only be requested from collaborators, and not from the author"}`, http.StatusUnprocessableEntity)
				return
			}
		}
	}
	h.asked = append(h.asked, fmt.Sprint(sent["reviewers"], sent["team_reviewers"]))
	h.answer(w, http.StatusCreated, map[string]any{"number": 3})
}

// mergeRequest answers, and takes reviewers all at once and labels by difference, as GitLab does.
func (h *host) mergeRequest(w http.ResponseWriter, r *http.Request, sent map[string]any) {
	if r.Method == http.MethodPut {
		if ids, set := sent["reviewer_ids"]; set {
			h.asked = append(h.asked, fmt.Sprint(ids))
		}
		h.relabel(listed(sent["add_labels"]), listed(sent["remove_labels"]))
	}
	reviewers := []map[string]any{{"id": 1}}
	h.answer(w, http.StatusOK, map[string]any{"iid": 3, "labels": h.labels, "reviewers": reviewers})
}

func listed(value any) []string {
	text, _ := value.(string)
	return slices.DeleteFunc(strings.Split(text, ","), func(name string) bool { return name == "" })
}

func (h *host) relabel(add, remove []string) {
	h.labels = append(h.labels, add...)
	h.labels = slices.DeleteFunc(h.labels, func(name string) bool { return slices.Contains(remove, name) })
}

func (h *host) label(w http.ResponseWriter, r *http.Request, last string) {
	switch r.Method {
	case http.MethodPost:
		var names []string
		if err := json.NewDecoder(r.Body).Decode(&names); err != nil {
			http.Error(w, `{"message":"Problems parsing JSON"}`, http.StatusBadRequest)
			return
		}
		h.relabel(names, nil)
	case http.MethodDelete:
		if !slices.Contains(h.labels, last) {
			http.Error(w, `{"message":"Label does not exist"}`, http.StatusNotFound)
			return
		}
		h.relabel(nil, []string{last})
	}
	labels := []map[string]any{}
	for _, name := range h.labels {
		labels = append(labels, map[string]any{"name": name})
	}
	h.answer(w, http.StatusOK, labels)
}

// giteaLabel has numbered labels, of the repository and of the pull request: only those that are there can be set, by number.
func (h *host) giteaLabel(w http.ResponseWriter, r *http.Request, last string, sent map[string]any) {
	if !strings.HasPrefix(r.URL.Path, "/api/v1/repos/acme/quotas/") {
		http.NotFound(w, r)
		return
	}
	shown := func(names []string) []map[string]any {
		list := []map[string]any{}
		for _, name := range names {
			list = append(list, map[string]any{"id": 1 + slices.Index(h.known, name), "name": name})
		}
		return list
	}
	ofIssue := strings.Contains(r.URL.Path, "/issues/3/")
	number, _ := strconv.Atoi(last)
	switch {
	case r.Method == http.MethodGet && ofIssue:
		h.answer(w, http.StatusOK, shown(h.labels))
	case r.Method == http.MethodGet:
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		first := min((page-1)*50, len(h.known))
		h.answer(w, http.StatusOK, shown(h.known[first:min(first+50, len(h.known))]))
	case r.Method == http.MethodPost && !ofIssue:
		if name, color := fmt.Sprint(sent["name"]), fmt.Sprint(sent["color"]); slices.Contains(h.known, name) || !strings.HasPrefix(color, "#") {
			http.Error(w, `{"message":"label exists, or has no color"}`, http.StatusUnprocessableEntity)
			return
		}
		h.known = append(h.known, fmt.Sprint(sent["name"]))
		h.answer(w, http.StatusCreated, shown(h.known[len(h.known)-1:])[0])
	case r.Method == http.MethodPost:
		ids, _ := sent["labels"].([]any)
		for _, id := range ids {
			at, isNumber := id.(float64)
			if !isNumber || int(at) < 1 || int(at) > len(h.known) {
				http.Error(w, `{"message":"no such label"}`, http.StatusNotFound)
				return
			}
			h.relabel([]string{h.known[int(at)-1]}, nil)
		}
		h.answer(w, http.StatusOK, shown(h.labels))
	case number < 1 || number > len(h.known) || !slices.Contains(h.labels, h.known[number-1]):
		http.Error(w, `{"message":"no such label"}`, http.StatusNotFound)
	default:
		h.relabel(nil, []string{h.known[number-1]})
		w.WriteHeader(http.StatusNoContent)
	}
}

// list pages by hundred, as both hosts do at most.
func (h *host) list(w http.ResponseWriter, r *http.Request) {
	page, _ := strconv.Atoi(r.URL.Query().Get("page"))
	page = max(page, 1)
	per, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
	per = min(max(per, 1), 100)
	first, end := min((page-1)*per, len(h.notes)), min(page*per, len(h.notes))
	if h.gitea {
		first, end = 0, len(h.notes)
	}
	if end < len(h.notes) {
		w.Header().Set("X-Next-Page", strconv.Itoa(page+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, page+1))
	}
	answers := []map[string]any{}
	for _, n := range h.notes[first:end] {
		answers = append(answers, h.shown(n))
	}
	h.answer(w, http.StatusOK, answers)
}

func (h *host) shown(n note) map[string]any {
	id := 8
	if n.author == me {
		id = 7
	}
	return map[string]any{"id": n.id, "body": n.body, "user": map[string]any{"login": n.author}, "author": map[string]any{"id": id}}
}

func (h *host) write(w http.ResponseWriter, n *note, sent map[string]any) {
	body := fmt.Sprint(sent["body"])
	switch {
	case utf8.RuneCountInString(body) > h.limit:
		http.Error(w, `{"message":"Body is too long"}`, http.StatusUnprocessableEntity)
		return
	case n.author != "" && n.author != h.who():
		http.Error(w, `{"message":"Must have admin rights"}`, http.StatusForbidden)
		return
	}
	h.writes++
	n.body = body
	if n.author == "" {
		n.author = h.who()
		h.notes = append(h.notes, *n)
	}
	h.answer(w, http.StatusCreated, h.shown(*n))
}

func (h *host) answer(w http.ResponseWriter, status int, body any) {
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		h.t.Error(err)
	}
}

// hosts are the fakes of both, each with what reaches it.
func hosts(t *testing.T) map[string]func() (*host, post.Host) {
	t.Helper()
	start := func(limit int, actions, gitea bool, open func(env func(string) string, client *http.Client) (post.Host, error)) func() (*host, post.Host) {
		return func() (*host, post.Host) {
			fake := &host{t: t, limit: limit, actions: actions, gitea: gitea, known: []string{"bug", "money"}}
			server := httptest.NewServer(fake)
			t.Cleanup(server.Close)
			event := filepath.Join(t.TempDir(), "event.json")
			if err := os.WriteFile(event, []byte(`{"pull_request":{"number":3,"head":{"sha":"abc"},"user":{"login":"author"}}}`), 0o600); err != nil {
				t.Fatal(err)
			}
			env := map[string]string{
				"GITHUB_REPOSITORY": "acme/quotas", "GITHUB_TOKEN": "token", "GITHUB_API_URL": server.URL, "GITHUB_EVENT_PATH": event,
				"CI_API_V4_URL": server.URL + "/api/v4", "CI_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "3", "CI_COMMIT_SHA": "abc", "GITLAB_TOKEN": "token",
			}
			if gitea {
				env["GITHUB_API_URL"] += "/api/v1"
			}
			opened, err := open(func(name string) string { return env[name] }, server.Client())
			if err != nil {
				t.Fatal(err)
			}
			return fake, opened
		}
	}
	return map[string]func() (*host, post.Host){
		"GitHub":         start(65_536, false, false, post.GitHub),
		"GitHub Actions": start(65_536, true, false, post.GitHub),
		"GitLab":         start(1_000_000, false, false, post.GitLab),
		"Gitea":          start(65_536, false, true, post.Gitea),
		"Gitea Actions":  start(65_536, true, true, post.Gitea),
	}
}

func TestPublish_keepsOneComment(t *testing.T) {
	for name, start := range hosts(t) {
		t.Run(name, func(t *testing.T) {
			fake, host := start()
			// What others wrote comes first, more than a page of it, with our marker too.
			for i := range 150 {
				fake.notes = append(fake.notes, note{id: int64(i + 1), author: "mallory", body: "<!-- bursar review quotas -->\nnothing to see"})
			}
			review := post.Review{Name: "quotas", Markdown: "## Quota changes\n\nOne.\n", Summary: "1 change needs approval", Changes: 1, NeedsApproval: true, Link: "https://ci.example.com/1"}
			steps := []struct {
				change  func()
				outcome post.Outcome
				holds   string
				writes  int
			}{
				{func() {}, post.Created, "One.", 1},
				{func() {}, post.Unchanged, "One.", 1},
				{func() { review.Markdown = "## Quota changes\n\nTwo.\n" }, post.Updated, "Two.", 2},
				{func() { review.Markdown, review.Changes, review.NeedsApproval = "Nothing left.\n", 0, false }, post.Updated, "Nothing left.\n\n<details><summary>What the review said before</summary>\n\n## Quota changes\n\nTwo.", 3},
				{func() {}, post.Unchanged, "Nothing left.", 3},
				{func() { review.Name, review.Changes, review.Markdown = "staging", 1, "Other.\n" }, post.Created, "Other.", 4},
			}
			for i, step := range steps {
				step.change()
				outcome, err := post.Publish(t.Context(), host, review)
				if err != nil || outcome != step.outcome || fake.writes != step.writes {
					t.Fatalf("step %d: %s %v after %d writes, want %s after %d", i, outcome, err, fake.writes, step.outcome, step.writes)
				}
				last := fake.notes[len(fake.notes)-1]
				if !strings.Contains(last.body, step.holds) || last.author != fake.who() {
					t.Errorf("step %d: %s wrote %q", i, last.author, last.body)
				}
			}
			if len(fake.notes) != 152 || len(fake.statuses) != len(steps) {
				t.Errorf("%d comments, %d statuses", len(fake.notes), len(fake.statuses))
			}
			if first, fourth := fmt.Sprint(fake.statuses[0]), fmt.Sprint(fake.statuses[3]); !strings.Contains(first, "fail") || !strings.Contains(fourth, "success") || !strings.Contains(first, "1 change needs approval") {
				t.Errorf("%s\n%s", first, fourth)
			}
		})
	}
}

// Whom the policy names is asked once, the labels are those of the rules that hold, and nobody else's labels are touched.
func TestPublish_asksAndLabels(t *testing.T) {
	for name, start := range hosts(t) {
		t.Run(name, func(t *testing.T) {
			fake, host := start()
			fake.labels = []string{"bug"}
			publish := func(change func(*post.Review)) error {
				review := post.Review{Name: "quotas", Markdown: "One.\n", Summary: "s", Changes: 1, Reviewers: []string{"ann"}, Labels: []string{"quota"}, Managed: []string{"money", "quota"}}
				change(&review)
				_, err := post.Publish(t.Context(), host, review)
				return err
			}
			for range 2 {
				if err := publish(func(*post.Review) {}); err != nil {
					t.Fatal(err)
				}
			}
			if err := publish(func(r *post.Review) { r.Reviewers, r.Labels = []string{"ann", "ben4"}, []string{"money"} }); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(fake.labels, " "); got != "bug money" {
				t.Errorf("labels are %s", got)
			}
			asked := map[bool]string{true: "[1 43]; [1 44]", false: "[ann] <nil>; [ben4] <nil>"}[name == "GitLab"]
			if got := strings.Join(fake.asked, "; "); got != asked {
				t.Errorf("asked are %s, want %s", got, asked)
			}
			if err := publish(func(r *post.Review) { r.Reviewers, r.Markdown = []string{"ghost"}, "Three.\n" }); err == nil || !strings.Contains(err.Error(), "ask for a review") {
				t.Errorf("who is not there: %v", err)
			}
			last := fake.notes[len(fake.notes)-1].body
			if !strings.Contains(last, "Three.") || !strings.Contains(last, "<!-- asked for a review: ann ben4 -->") {
				t.Errorf("the comment is %q", last)
			}
			err := publish(func(r *post.Review) { r.Reviewers, r.Labels = []string{"author", "acme/finance"}, nil })
			if isGitHub := name != "GitLab"; isGitHub && (err != nil || fake.asked[2] != "<nil> [finance]") || !isGitHub && err == nil {
				t.Errorf("the author and a team: %v, %v", err, fake.asked)
			}
			if got := strings.Join(fake.labels, " "); got != "bug" {
				t.Errorf("labels are %s", got)
			}
		})
	}
}

func TestPublish_isQuietWhereNothingChanges(t *testing.T) {
	for name, start := range hosts(t) {
		fake, host := start()
		outcome, err := post.Publish(t.Context(), host, post.Review{Name: "quotas", Markdown: "This plan changes no quota.\n", Summary: "no change"})
		if err != nil || outcome != post.None || fake.writes != 0 || len(fake.statuses) != 1 {
			t.Errorf("%s: %s %v, %d writes", name, outcome, err, fake.writes)
		}
	}
}

// What is too long for the host ends at a line, and says where the rest is; a long summary is cut too.
func TestPublish_keepsWithinTheHostsSize(t *testing.T) {
	for name, start := range hosts(t) {
		fake, host := start()
		long := post.Review{Name: "quotas", Changes: 1, Markdown: strings.Repeat("| ä | row |\n", 120_000), Summary: strings.Repeat("long ", 100), Link: "https://ci.example.com/1"}
		if name == "GitLab" {
			long.Summary = "short"
		}
		if _, err := post.Publish(t.Context(), host, long); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body := fake.notes[0].body
		if !strings.HasSuffix(body, "row |\n\nThe rest did not fit: see [the pipeline](https://ci.example.com/1).\n") || !utf8.ValidString(body) {
			t.Errorf("%s: ends with %q", name, body[len(body)-120:])
		}
	}
}

func TestHosts_sayWhatIsMissing(t *testing.T) {
	event := filepath.Join(t.TempDir(), "push.json")
	if err := os.WriteFile(event, []byte(`{"ref":"main"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		open func(func(string) string, *http.Client) (post.Host, error)
		env  map[string]string
		want string
	}{
		"GitHub, nothing":       {post.GitHub, nil, "GITHUB_REPOSITORY and GITHUB_TOKEN"},
		"GitHub, no event":      {post.GitHub, map[string]string{"GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t"}, "GITHUB_EVENT_PATH"},
		"GitHub, a push":        {post.GitHub, map[string]string{"GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t", "GITHUB_EVENT_PATH": event}, "runs for no pull request"},
		"GitLab, nothing":       {post.GitLab, nil, "runs for no merge request"},
		"GitLab, without token": {post.GitLab, map[string]string{"CI_MERGE_REQUEST_IID": "1"}, "GITLAB_TOKEN with the scope api"},
	} {
		if _, err := test.open(func(name string) string { return test.env[name] }, http.DefaultClient); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
