package post_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review/post"
)

// issue is one of a project.
type issue struct {
	author, title, body string
	closed, pull        bool
}

// tracker is a fake of a host's issues: they are listed by hundred, open ones of an author when asked so, and only their
// author may edit them.
type tracker struct {
	t     *testing.T
	limit int

	mu     sync.Mutex
	issues []issue
	writes int
}

func (f *tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := filepath.Base(r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case last == "user":
		f.answer(w, map[string]any{"id": 7, "login": me, "username": me})
	case r.Method == http.MethodGet:
		f.list(w, r)
	default:
		var sent map[string]any
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			http.Error(w, `{"message":"Problems parsing JSON"}`, http.StatusBadRequest)
			return
		}
		f.write(w, last, sent)
	}
}

func (f *tracker) write(w http.ResponseWriter, last string, sent map[string]any) {
	number, err := strconv.Atoi(last)
	if err != nil {
		f.issues = append(f.issues, issue{author: me, title: fmt.Sprint(sent["title"])})
		number = len(f.issues)
	}
	if number > len(f.issues) || f.issues[number-1].author != me {
		http.Error(w, `{"message":"Must have admin rights"}`, http.StatusForbidden)
		return
	}
	edited := &f.issues[number-1]
	for _, field := range []string{"body", "description"} {
		if text, ok := sent[field].(string); ok {
			edited.body = text
		}
	}
	if utf8.RuneCountInString(edited.body) > f.limit {
		http.Error(w, `{"message":"Body is too long"}`, http.StatusUnprocessableEntity)
		return
	}
	edited.closed = edited.closed || sent["state"] == "closed" || sent["state_event"] == "close"
	f.writes++
	f.answer(w, f.shown(number))
}

func (f *tracker) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	page, _ := strconv.Atoi(query.Get("page"))
	var found []map[string]any
	for i, one := range f.issues {
		if one.closed || query.Get("creator") != "" && one.author != query.Get("creator") || query.Get("author_id") != "" && one.author != me {
			continue
		}
		found = append(found, f.shown(i+1))
	}
	first := min(max(page-1, 0)*100, len(found))
	end := min(first+100, len(found))
	if end < len(found) {
		w.Header().Set("X-Next-Page", strconv.Itoa(max(page, 1)+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=%d>; rel="next"`, r.Host, r.URL.Path, max(page, 1)+1))
	}
	f.answer(w, append([]map[string]any{}, found[first:end]...))
}

func (f *tracker) shown(number int) map[string]any {
	one := f.issues[number-1]
	shown := map[string]any{"number": number, "iid": number, "id": number + 1000, "user": map[string]any{"login": one.author}, "body": one.body, "description": one.body}
	id := 8
	if one.author == me {
		id = 7
	}
	shown["author"] = map[string]any{"id": id}
	if one.pull {
		shown["pull_request"] = map[string]any{"url": "x"}
	}
	return shown
}

func (f *tracker) answer(w http.ResponseWriter, body any) {
	if err := json.NewEncoder(w).Encode(body); err != nil {
		f.t.Error(err)
	}
}

// One issue is open while there is something to report: found by marker and author among many, edited, closed, opened anew.
func TestFile_keepsOneIssue(t *testing.T) {
	for name, open := range map[string]func(func(string) string, *http.Client) (post.Tracker, error){
		"GitHub": post.GitHubIssues, "GitLab": post.GitLabIssues, "Gitea": post.GiteaIssues,
	} {
		t.Run(name, func(t *testing.T) {
			fake := &tracker{t: t, limit: map[string]int{"GitHub": 65_536, "Gitea": 65_536, "GitLab": 1_000_000}[name]}
			for range 3 {
				fake.issues = append(fake.issues, issue{author: "mallory", body: "<!-- bursar review drift -->\nnothing"})
			}
			for range 120 {
				fake.issues = append(fake.issues, issue{author: me, body: "another matter"})
			}
			server := httptest.NewServer(fake)
			t.Cleanup(server.Close)
			env := map[string]string{
				"GITHUB_REPOSITORY": "acme/quotas", "GITHUB_TOKEN": "token", "GITHUB_API_URL": server.URL,
				"CI_API_V4_URL": server.URL + "/api/v4", "CI_PROJECT_ID": "5", "GITLAB_TOKEN": "token",
			}
			opened, err := open(func(name string) string { return env[name] }, server.Client())
			if err != nil {
				t.Fatal(err)
			}
			report := post.Report{Name: "drift", Title: "Changed outside of Terraform", Link: "https://ci.example.com/1"}
			for i, step := range []struct {
				found   int
				text    string
				outcome post.Outcome
				writes  int
			}{
				{0, "Nothing.", post.None, 0},
				{1, "One.", post.Created, 1},
				{1, "One.", post.Unchanged, 1},
				{2, "Two.", post.Updated, 2},
				{0, "Nothing.", post.Closed, 3},
				{0, "Nothing.", post.None, 3},
				{1, strings.Repeat("| a | row |\n", 120_000), post.Created, 4},
			} {
				report.Found, report.Markdown = step.found, step.text
				outcome, err := post.File(t.Context(), opened, report)
				if err != nil || outcome != step.outcome || fake.writes != step.writes {
					t.Fatalf("step %d: %s %v after %d writes, want %s after %d", i, outcome, err, fake.writes, step.outcome, step.writes)
				}
			}
			first, second := fake.issues[123], fake.issues[124]
			if !first.closed || !strings.Contains(first.body, "Nothing.") || first.title != "Changed outside of Terraform" || second.closed || !strings.Contains(second.body, "The rest did not fit: see [the pipeline]") {
				t.Errorf("issues are %.300v %.300v", first, second.title)
			}
			if _, err := open(func(string) string { return "" }, server.Client()); err == nil || !strings.Contains(err.Error(), "_TOKEN") {
				t.Errorf("without variables: %v", err)
			}
		})
	}
}
