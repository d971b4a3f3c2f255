package post

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// gitea is a pull request on Gitea or Forgejo. Their API is GitHub's but for labels, which have numbers and must be there before
// they are set, and for who writes by a workflow's own token.
type gitea struct{ *gitHub }

// Gitea is the pull request that a workflow of Gitea Actions or Forgejo Actions runs for, by the variables that its runner sets, which
// have GitHub's names. GITHUB_TOKEN needs to write issues, pull requests and the repository's statuses.
func Gitea(env func(string) string, http *http.Client) (Host, error) {
	host, err := GitHub(env, http)
	if err != nil {
		return nil, err
	}
	return gitea{asGitea(host.(*gitHub), env)}, nil //nolint:forcetypeassert // it was made right above
}

// GiteaIssues are those of the repository, likewise.
func GiteaIssues(env func(string) string, http *http.Client) (Tracker, error) {
	tracker, err := GitHubIssues(env, http)
	if err != nil {
		return nil, err
	}
	return asGitea(tracker.(*gitHub), env), nil //nolint:forcetypeassert // it was made right above
}

// asGitea knows who writes by a workflow's own token.
func asGitea(of *gitHub, env func(string) string) *gitHub {
	of.actions = "gitea-actions"
	if env("FORGEJO_ACTIONS") != "" {
		of.actions = "forgejo-actions"
	}
	return of
}

// giteaLabel is a label of a repository.
type giteaLabel struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// giteaColor is that of labels that we make; they have one.
const giteaColor = "#ededed"

func (g gitea) Label(ctx context.Context, set, takeOff []string) error {
	issue := fmt.Sprintf("repos/%s/%s/issues/%d/labels", g.owner, g.repo, g.number)
	there, err := g.labels(ctx, issue)
	if err != nil {
		return err
	}
	var missing []string
	for _, name := range set {
		if _, has := labelOf(there, name); !has {
			missing = append(missing, name)
		}
	}
	if err := g.addLabels(ctx, issue, missing); err != nil {
		return err
	}
	for _, name := range takeOff {
		label, has := labelOf(there, name)
		if !has {
			continue
		}
		if err := g.call(ctx, http.MethodDelete, fmt.Sprintf("%s/%d", issue, label.ID), nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// addLabels sets labels, and makes those that the repository does not have.
func (g gitea) addLabels(ctx context.Context, issue string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	repository := fmt.Sprintf("repos/%s/%s/labels", g.owner, g.repo)
	known, err := g.labels(ctx, repository)
	if err != nil {
		return err
	}
	var ids []int64
	for _, name := range names {
		label, has := labelOf(known, name)
		if !has {
			if err := g.call(ctx, http.MethodPost, repository, map[string]string{"name": name, "color": giteaColor}, &label); err != nil {
				return fmt.Errorf("make the label %q: %w", name, err)
			}
		}
		ids = append(ids, label.ID)
	}
	return g.call(ctx, http.MethodPost, issue, map[string][]int64{"labels": ids}, nil)
}

// labels lists all pages.
func (g gitea) labels(ctx context.Context, path string) (all []giteaLabel, err error) {
	const most = 50
	for page := 1; ; page++ {
		var some []giteaLabel
		if err := g.call(ctx, http.MethodGet, fmt.Sprintf("%s?page=%d&limit=%d", path, page, most), nil, &some); err != nil {
			return nil, err
		}
		// An issue's labels come all at once, whatever the page.
		fresh := slices.DeleteFunc(some, func(label giteaLabel) bool { return slices.Contains(all, label) })
		if len(fresh) == 0 {
			return all, nil
		}
		all = append(all, fresh...)
	}
}

func labelOf(list []giteaLabel, name string) (giteaLabel, bool) {
	i := slices.IndexFunc(list, func(label giteaLabel) bool { return strings.EqualFold(label.Name, name) })
	if i < 0 {
		return giteaLabel{}, false
	}
	return list[i], true
}

func (g gitea) call(ctx context.Context, method, path string, body, answer any) error {
	request, err := g.client.NewRequest(ctx, method, path, body)
	if err != nil {
		return err //nolint:wrapcheck // the caller says what was done
	}
	_, err = g.client.Do(request, answer)
	return err //nolint:wrapcheck // the caller says what was done
}
